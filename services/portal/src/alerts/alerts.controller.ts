import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { AlertsApi, type Alert } from '../apis/alerts-api';
import { ApiRefused, type Onward, OnwardHeaders, referenceIn } from '../apis/api-client';
import { carriedNumber, checkForm, dateValues, presentForm, readForm, type Errors, type Values } from '../forms/form';
import { CAN_SEE_ALERTS } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { lastMonth } from '../reports/report-forms';
import { alertFilters, alertQuery, checkAlertFilters } from './alert-filters';
import { checkStep, STEP_FORMS, stepTaken, type StepForm } from './alert-steps';
import { alertHref, describeAlert, describeHistory, describeSummary } from './alert-view';

/** The alerts of an organisation, and what is done with each. */
@Controller('/desk/alerts')
export class AlertsController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly alerts: AlertsApi,
  ) {}

  @Access({ permission: CAN_SEE_ALERTS })
  @Get()
  async list(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Query() query: Record<string, unknown>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { rules } = await this.alerts.statistics(onward, lastMonth(new Date())).catch(() => ({ rules: [] }));
    const options = rules.map(({ rule, title }) => ({ value: rule, text: title }));
    const asked = typeof query.rule === 'string' && /^[a-z\d-]{1,40}$/.test(query.rule) ? query.rule : '';
    if (asked && !options.some(({ value }) => value === asked)) options.push({ value: asked, text: asked }); // none of them of late
    const fields = alertFilters(options);
    const values = readForm(fields, query);
    const errors = checkAlertFilters(fields, values);
    const form = presentForm(fields, values, errors);
    if (form.errors.length > 0) return this.pages.show(reply, 'alerts/list', { form }, 400);

    const page = typeof query._page === 'string' && query._page.length <= 2000 ? query._page : undefined;
    const found = await this.alerts.list(onward, alertQuery(values), 20, page);
    const at = (next?: string) =>
      `/desk/alerts?${new URLSearchParams([...Object.entries(values).filter(([, value]) => value), ...(next ? [['_page', next] as [string, string]] : [])])}`;
    this.pages.show(reply, 'alerts/list', {
      form,
      rows: found.alerts.map((alert) => describeSummary(alert, who.userId)),
      counts: found.counts,
      total: found.total,
      filtered: Object.values(values).some(Boolean),
      ...(page && { first: at() }),
      ...(found.next && { next: at(found.next) }),
    });
  }

  @Access({ permission: CAN_SEE_ALERTS })
  @Get(':reference')
  async show(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Query('done') done: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const alert = await this.alerts.read(onward, referenceIn(reference));
    const session = sessionOf(who);
    const { nhsNumber, ...view } = describeAlert(alert, who.userId);
    const { userId, name } = alert.user ?? {};
    const month = monthOf(alert);
    this.pages.show(reply, 'alerts/alert', {
      ...view,
      version: alert.version,
      steps: offered(alert).map(({ step, title, button, fields }) => ({ step, title, button, atOnce: fields(alert).length === 0 })),
      done: STEP_FORMS.find(({ step }) => step === done) && 'The alert was updated',
      ...(nhsNumber && {
        nhsNumber,
        patientHref: `/patients/${await this.references.patient(session, nhsNumber)}`,
        patientReportHref: `/reports/patient-access/${await this.references.seal(session, { report: 'patient-access', values: { ...month, nhsNumber } })}`,
      }),
      ...(userId && {
        userReportHref: `/reports/user-access/${await this.references.seal(session, { report: 'user-access', values: { ...month, person: name }, user: { userId, name } })}`,
      }),
    });
  }

  @Access({ permission: CAN_SEE_ALERTS })
  @Get(':reference/:step')
  async form(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('step') step: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const form = formOf(step);
    const alert = await this.alerts.read(onward, referenceIn(reference));
    if (form.fields(alert).length === 0 || !alert.steps.includes(step)) return this.pages.seeOther(reply, alertHref(reference));
    this.showForm(reply, who, form, alert, {});
  }

  @Access({ permission: CAN_SEE_ALERTS })
  @Post(':reference/:step')
  @HttpCode(200)
  async take(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('step') step: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const form = formOf(step);
    const alert = await this.alerts.read(onward, referenceIn(reference));
    const fields = form.fields(alert);
    const values = readForm(fields, body);
    const { version, seen } = shownIn(body, alert);
    // what somebody else did meanwhile counts more than what is wrong with the form
    const errors = version === alert.version ? { ...checkForm(fields, values), ...checkStep(form, values) } : {};
    if (Object.keys(errors).length > 0) return this.showForm(reply, who, form, alert, values, { errors, seen });
    try {
      await this.alerts.take(onward, reference, stepTaken(form, version, values));
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 403, 409, 422].includes(error.status)) throw error;
      const now = await this.alerts.read(onward, reference);
      if (error.status === 409) return this.showForm(reply, who, form, now, values, { seen, moved: true });
      return this.showForm(reply, who, form, now, values, { errors: refusalInWords(error, form), seen });
    }
    this.pages.seeOther(reply, `${alertHref(reference)}?done=${step}`);
  }

  private showForm(
    reply: FastifyReply,
    who: Principal,
    { step, title, button, fields }: StepForm,
    alert: Alert,
    values: Values,
    { errors = {}, seen = alert.history.length, moved = false }: { errors?: Errors; seen?: number; moved?: boolean } = {},
  ): void {
    const form = presentForm(fields(alert), values, errors);
    const status = moved ? 409 : form.errors.length > 0 ? 400 : 200;
    this.pages.show(
      reply,
      'alerts/step',
      {
        ...describeAlert(alert, who.userId),
        step,
        stepTitle: title,
        buttonText: button,
        form,
        version: alert.version,
        seen: alert.history.length,
        moved,
        possible: alert.steps.includes(step),
        meanwhile: moved ? describeHistory(alert.history).slice(seen) : [],
      },
      status,
    );
  }
}

function formOf(step: string): StepForm {
  const form = STEP_FORMS.find((candidate) => candidate.step === step);
  if (!form) throw new Fault('RESOURCE_NOT_FOUND');
  return form;
}

const offered = (alert: Alert): StepForm[] => STEP_FORMS.filter(({ step }) => alert.steps.includes(step));

/** The version and the length of the history that the form showed. */
function shownIn(body: unknown, alert: Alert): { version: number; seen: number } {
  return { version: carriedNumber(body, 'version', alert.version), seen: carriedNumber(body, 'seen', alert.history.length) };
}

/** The month up to the day of an alert: what reports about it cover. */
const monthOf = ({ occurredAt }: Alert): Values => {
  const month = lastMonth(new Date(occurredAt));
  return { ...dateValues('from', month.from), ...dateValues('to', month.to) };
};

function refusalInWords(refused: ApiRefused, { step }: StepForm): Errors {
  const field = /assignee|outcome|note|duplicateOf/.exec(`${refused.element} ${refused.diagnostics}`)?.[0];
  if (refused.status === 403) {
    return step === 'assign'
      ? { assignee: 'This person cannot handle the alert: it is about them. Pass it to the Caldicott Guardian' }
      : { refused: 'You cannot handle this alert. The Caldicott Guardian does' };
  }
  if (field === 'duplicateOf') return { duplicateOf: 'Enter the reference of another alert of your organisation' };
  if (field) return { [field]: 'Check this answer: it was not accepted' };
  return { refused: 'This cannot be done with the alert in its present state' };
}
