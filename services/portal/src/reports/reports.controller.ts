import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { ReportsApi, type AccessRow, type EnquiryRow, type Found } from '../apis/reports-api';
import { presentForm, readForm, type Errors, type Values } from '../forms/form';
import { CAN_REPORT } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { sessionOf, ReferenceRefused, SealedReferences } from '../references/sealed-references';
import { describeAccesses } from './access-view';
import { describeActivity } from './activity-view';
import { describeEnquiry } from './enquiry-view';
import { checkReport, criteriaOf, lastMonthValues, reportQuery, REPORTS, type ReportForm } from './report-forms';

/** What the address of a report holds: the questions, and where in the list it stands. */
interface Asked {
  report: string;
  values: Values;
  /** Chosen of several people of the same name. */
  user?: { userId: string; name?: string };
  page?: string;
  /** 1-based number of the page. */
  number?: number;
}

const REPORTER = { permission: CAN_REPORT } as const;

/** The privacy officer's reports. Opening one is itself recorded, by the audit API. */
@Controller()
export class ReportsController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly reports: ReportsApi,
  ) {}

  @Access(REPORTER)
  @Get('/reports')
  choose(@Res() reply: FastifyReply): void {
    this.pages.show(reply, 'reports/choose', { reports: REPORTS });
  }

  @Access(REPORTER)
  @Get('/who-looked')
  whoLooked(@Res() reply: FastifyReply): void {
    this.pages.seeOther(reply, '/reports/patient-access');
  }

  @Access(REPORTER)
  @Get('/user-activity')
  userActivity(@Res() reply: FastifyReply): void {
    this.pages.seeOther(reply, '/reports/user-access');
  }

  /** From a patient's page. */
  @Access(REPORTER)
  @Get('/patients/:reference/accesses')
  async ofPatient(@Caller() who: Principal, @Param('reference') reference: string, @Res() reply: FastifyReply): Promise<void> {
    const nhsNumber = await this.references.nhsNumber(sessionOf(who), reference);
    this.pages.seeOther(reply, await this.address(who, { report: 'patient-access', values: { ...lastMonthValues(new Date()), nhsNumber } }));
  }

  @Access(REPORTER)
  @Get('/reports/:report')
  form(@Param('report') report: string, @Res() reply: FastifyReply): void {
    this.showForm(reply, formOf(report), lastMonthValues(new Date()));
  }

  @Access(REPORTER)
  @Post('/reports/:report')
  @HttpCode(200)
  async ask(@Caller() who: Principal, @Param('report') report: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const form = formOf(report);
    const values = readForm(form.fields, body);
    const errors = checkReport(form, values, new Date());
    if (Object.keys(errors).length > 0) return this.showForm(reply, form, values, errors);
    this.pages.seeOther(reply, await this.address(who, { report, values }));
  }

  /** The questions again, with the answers in them. */
  @Access(REPORTER)
  @Get('/reports/:report/:asked/change')
  async change(@Caller() who: Principal, @Param('report') report: string, @Param('asked') sealed: string, @Res() reply: FastifyReply): Promise<void> {
    const { values } = await this.open(who, report, sealed);
    this.showForm(reply, formOf(report), values);
  }

  @Access(REPORTER)
  @Get('/reports/:report/:asked')
  async show(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('report') report: string,
    @Param('asked') sealed: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const form = formOf(report);
    const asked = await this.open(who, report, sealed);
    try {
      if (form.name === 'activity') await this.showActivity(reply, who, onward, form, asked, sealed);
      else await this.showList(reply, who, onward, form, asked, sealed);
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 403].includes(error.status)) throw error;
      this.showForm(reply, form, asked.values, refusalInWords(error, form));
    }
  }

  private async showList(reply: FastifyReply, who: Principal, onward: Onward, form: ReportForm, asked: Asked, sealed: string): Promise<void> {
    const name = form.name === 'activity' ? 'user-access' : form.name;
    const query = reportQuery(asked.values, asked.user);
    const found = await this.reports.list<AccessRow | EnquiryRow>(onward, name, query, asked.page);
    if (!found.rows) return this.showPeople(reply, who, form, asked, found);
    const number = asked.number ?? 1;
    const rows =
      name === 'patient-enquiries'
        ? await this.enquiries(who, asked, found as Found<EnquiryRow>)
        : await this.accesses(who, asked, found as Found<AccessRow>);
    this.pages.show(reply, name === 'patient-enquiries' ? 'reports/enquiries' : 'reports/accesses', {
      ...this.frame(form, asked, sealed),
      rows,
      total: found.total,
      number,
      ...(number > 1 && { first: await this.address(who, { ...asked, page: undefined, number: 1 }) }),
      ...(found.next && { next: await this.address(who, { ...asked, page: found.next, number: number + 1 }) }),
    });
  }

  private async showActivity(reply: FastifyReply, who: Principal, onward: Onward, form: ReportForm, asked: Asked, sealed: string): Promise<void> {
    const { from = '', to = '' } = reportQuery(asked.values);
    const { unusual, ...activity } = describeActivity(await this.reports.activity(onward, { from, to }));
    this.pages.show(reply, 'reports/activity', {
      ...this.frame(form, asked, sealed),
      ...activity,
      unusual: await Promise.all(unusual.map(async (one) => ({ ...one, href: await this.userAddress(who, asked, one) }))),
    });
  }

  private async showPeople(reply: FastifyReply, who: Principal, form: ReportForm, asked: Asked, { people = [], more }: Found<unknown>): Promise<void> {
    if (people.length === 0) {
      return this.showForm(reply, form, asked.values, { person: 'Nobody in your organisation has this name. Check the spelling, or enter a user ID' });
    }
    const choices = people.map(async (person) => ({
      ...person,
      href: await this.address(who, { report: asked.report, values: asked.values, user: { userId: person.userId, name: person.name } }),
    }));
    this.pages.show(reply, 'reports/choose-person', { form, name: asked.values.person, people: await Promise.all(choices), more });
  }

  private accesses(who: Principal, asked: Asked, { rows = [] }: Found<AccessRow>) {
    return Promise.all(
      describeAccesses(rows).map(async (access) => ({
        ...access,
        ...(access.nhsNumber && { href: await this.patientAddress(who, asked, access.nhsNumber) }),
      })),
    );
  }

  private enquiries(who: Principal, asked: Asked, { rows = [] }: Found<EnquiryRow>) {
    return Promise.all(
      rows.map(async (row) => ({
        ...describeEnquiry(row),
        href: await this.patientAddress(who, asked, row.nhsNumber),
        userHref: await this.userAddress(who, asked, row.user),
      })),
    );
  }

  private frame(form: ReportForm, asked: Asked, sealed: string) {
    const { user, values } = asked;
    const criteria = criteriaOf(form, values).map((one) =>
      user && one.key === 'Name or user ID of staff' ? { key: 'User', value: [user.name, user.userId].filter(Boolean).join(', ') } : one,
    );
    const base = `/reports/${form.name}/${sealed}`;
    return { form, criteria, changeHref: `${base}/change`, exportAction: `${base}/exports` };
  }

  private showForm(reply: FastifyReply, report: ReportForm, values: Values, errors: Errors = {}): void {
    const form = presentForm(report.fields, values, errors);
    this.pages.show(reply, 'reports/form', { report, form }, form.errors.length > 0 ? 400 : 200);
  }

  private patientAddress(who: Principal, { values }: Asked, nhsNumber: string): Promise<string> {
    return this.address(who, { report: 'patient-access', values: { ...periodOf(values), nhsNumber } });
  }

  private userAddress(who: Principal, { values }: Asked, { userId, name }: { userId: string; name: string }): Promise<string> {
    return this.address(who, { report: 'user-access', values: { ...periodOf(values), person: name }, user: { userId, name } });
  }

  private async address(who: Principal, asked: Asked): Promise<string> {
    return `/reports/${asked.report}/${await this.references.seal(sessionOf(who), asked)}`;
  }

  private async open(who: Principal, report: string, sealed: string): Promise<Asked> {
    const asked = await this.references.open<Asked>(sessionOf(who), sealed);
    if (asked.report !== report) throw new ReferenceRefused();
    return asked;
  }
}

function formOf(report: string): ReportForm {
  const form = REPORTS.find(({ name }) => name === report);
  if (!form) throw new Fault('RESOURCE_NOT_FOUND');
  return form;
}

/** The three inputs of each of its dates. */
const periodOf = (values: Values): Values => Object.fromEntries(Object.entries(values).filter(([name]) => /^(from|to)-/.test(name)));

function refusalInWords(refused: ApiRefused, { fields }: ReportForm): Errors {
  const named = fields.some(({ name }) => name === 'person') ? 'person' : 'report';
  if (refused.status === 403) return { [named]: 'You cannot run a report on yourself. Your Caldicott Guardian can' };
  return { report: 'The report could not be made with these answers. Check each of them' };
}
