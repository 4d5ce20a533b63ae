import { Controller, Get, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { describeSummary } from '../alerts/alert-view';
import { AlertsApi } from '../apis/alerts-api';
import { OnwardHeaders, type Onward } from '../apis/api-client';
import { PolicyApi, type Policy, type Sample } from '../apis/policy-api';
import { SubjectAccessApi } from '../apis/subject-access-api';
import { dateValues } from '../forms/form';
import { CAN_ANSWER, CAN_REPORT, CAN_SEE_ALERTS, holds } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { londonDate } from '../pages/words';
import { sampleDue } from '../samples/sample-view';
import { describeRequest } from '../subject-access/request-view';

/** Alerts of an officer's own that the desk lists; the rest are a link away. */
const SHOWN = 5;

/** What waits for a privacy officer or a Caldicott Guardian. */
@Controller('/desk')
export class DeskController {
  constructor(
    private readonly pages: Pages,
    private readonly alerts: AlertsApi,
    private readonly policy: PolicyApi,
    private readonly requests: SubjectAccessApi,
  ) {}

  @Access({ permission: CAN_SEE_ALERTS })
  @Get()
  async home(@Caller() who: Principal, @OnwardHeaders() onward: Onward, @Res() reply: FastifyReply): Promise<void> {
    const now = new Date();
    const procedure = await this.policy.read(onward).catch(() => undefined);
    const [alerts, sample, requests] = await Promise.all([
      this.alertsOf(who, onward, procedure, now).catch(() => undefined),
      this.sampleOf(onward, procedure, now).catch(() => undefined),
      holds(who, CAN_ANSWER) ? this.requestsOf(onward, now).catch(() => undefined) : undefined,
    ]);
    this.pages.show(reply, 'desk/home', {
      alerts,
      sample,
      requests,
      canReport: holds(who, CAN_REPORT),
      canAnswer: holds(who, CAN_ANSWER),
    });
  }

  /** A part that cannot be had now is left out: the rest of the desk is still useful. */
  private async alertsOf(who: Principal, onward: Onward, procedure: Policy | undefined, now: Date) {
    const before = procedure && londonDate(new Date(now.getTime() - procedure.escalateAfterDays * 86_400_000));
    const [mine, overdue] = await Promise.all([
      this.alerts.list(onward, { assignee: 'me', status: ['new', 'under-investigation'] }, SHOWN),
      before ? this.alerts.list(onward, { status: ['new'], to: before }, 1) : undefined,
    ]);
    return {
      counts: mine.counts,
      overdueHref: before && `/desk/alerts?${new URLSearchParams({ 'status-new': 'yes', ...dateValues('to', before) })}`,
      overdue: overdue && { count: overdue.total ?? overdue.alerts.length, days: procedure?.escalateAfterDays },
      mine: mine.alerts.map((alert) => describeSummary(alert, who.userId)),
      more: mine.next !== undefined,
    };
  }

  private async sampleOf(onward: Onward, procedure: Policy | undefined, now: Date) {
    if (!procedure) return undefined;
    const samples: Sample[] = await this.policy.samples(onward);
    return sampleDue(procedure, samples, londonDate(now));
  }

  private async requestsOf(onward: Onward, now: Date) {
    const { requests } = await this.requests.list(onward);
    const open = requests.filter(({ status }) => status === 'preparing' || status === 'ready' || status === 'failed');
    return open.map((request) => describeRequest(request, londonDate(now))).toSorted((a, b) => a.dueOn.localeCompare(b.dueOn));
  }
}
