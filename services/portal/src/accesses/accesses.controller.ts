import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { parseNhsNumber } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { AuditApi, type AuditPage, type AuditQuery } from '../apis/audit-api';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/fhir-client';
import { checkSearch, SEARCH_FIELDS } from '../find-a-patient/search-criteria';
import { dateIn, presentForm, readForm, type Errors, type Field, type Values } from '../forms/form';
import { Pages } from '../pages/pages';
import { dateInWords } from '../pages/words';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { checkFilters, lastMonth, PATIENT_FILTERS, USER_FILTERS } from './access-filters';
import { describeAccess } from './access-view';

/** What the address of a report holds: the filters, and where in the list it stands. */
interface Report {
  values: Values;
  page?: string;
  /** 1-based number of the page. */
  number?: number;
}

const REPORTS = { permission: 'audit.reports' } as const;

/** The privacy officer's reports. Opening one is itself recorded, by the audit API. */
@Controller()
export class AccessesController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly audit: AuditApi,
  ) {}

  @Access(REPORTS)
  @Get('/who-looked')
  choosePatient(@Res() reply: FastifyReply): void {
    this.pages.show(reply, 'accesses/choose-patient', { form: presentForm(SEARCH_FIELDS['nhs-number'], {}) });
  }

  @Access(REPORTS)
  @Post('/who-looked')
  @HttpCode(200)
  async openPatient(@Caller() who: Principal, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const values = readForm(SEARCH_FIELDS['nhs-number'], body);
    const errors = checkSearch('nhs-number', values);
    const nhsNumber = parseNhsNumber(values.nhsNumber ?? '');
    if (nhsNumber) return this.pages.seeOther(reply, `/patients/${await this.references.patient(sessionOf(who), nhsNumber)}/accesses`);
    this.pages.show(reply, 'accesses/choose-patient', { form: presentForm(SEARCH_FIELDS['nhs-number'], values, errors) }, 400);
  }

  @Access(REPORTS)
  @Get('/patients/:reference/accesses')
  async patientAccesses(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.patientReport(who, onward, reference, { values: lastMonth(new Date()) }, reply);
  }

  @Access(REPORTS)
  @Post('/patients/:reference/accesses')
  @HttpCode(200)
  async filterPatientAccesses(
    @Caller() who: Principal,
    @Param('reference') reference: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const nhsNumber = await this.references.nhsNumber(sessionOf(who), reference);
    const values = readForm(PATIENT_FILTERS, body);
    const errors = checkFilters(PATIENT_FILTERS, values, new Date());
    const base = `/patients/${reference}/accesses`;
    if (Object.keys(errors).length === 0)
      return this.pages.seeOther(reply, `${base}/${await this.references.seal(sessionOf(who), { values })}`);
    this.pages.show(reply, 'accesses/patient', { nhsNumber, base, form: presentForm(PATIENT_FILTERS, values, errors) }, 400);
  }

  @Access(REPORTS)
  @Get('/patients/:reference/accesses/:report')
  async filteredPatientAccesses(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('report') report: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.patientReport(who, onward, reference, await this.references.open<Report>(sessionOf(who), report), reply);
  }

  @Access(REPORTS)
  @Get('/user-activity')
  chooseUser(@Res() reply: FastifyReply): void {
    this.pages.show(reply, 'accesses/user', { form: presentForm(USER_FILTERS, lastMonth(new Date())) });
  }

  @Access(REPORTS)
  @Post('/user-activity')
  @HttpCode(200)
  async filterUserActivity(@Caller() who: Principal, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const values = readForm(USER_FILTERS, body);
    const errors = checkFilters(USER_FILTERS, values, new Date());
    if (Object.keys(errors).length === 0)
      return this.pages.seeOther(reply, `/user-activity/${await this.references.seal(sessionOf(who), { values })}`);
    this.pages.show(reply, 'accesses/user', { form: presentForm(USER_FILTERS, values, errors) }, 400);
  }

  @Access(REPORTS)
  @Get('/user-activity/:report')
  async userActivity(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('report') sealed: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const report = await this.references.open<Report>(sessionOf(who), sealed);
    const user = (report.values.user ?? '').replace(/\s/g, '');
    const found = await this.find(onward, { ...queryOf(report), agent: user });
    const list = await this.listing(who, '/user-activity', USER_FILTERS, report, found);
    this.pages.show(reply, 'accesses/user', { user, ...list }, list.form.errors.length > 0 ? 400 : 200);
  }

  private async patientReport(who: Principal, onward: Onward, reference: string, report: Report, reply: FastifyReply): Promise<void> {
    const nhsNumber = await this.references.nhsNumber(sessionOf(who), reference);
    const base = `/patients/${reference}/accesses`;
    const found = await this.find(onward, { ...queryOf(report), patient: nhsNumber });
    const list = await this.listing(who, base, PATIENT_FILTERS, report, found);
    this.pages.show(reply, 'accesses/patient', { nhsNumber, base, ...list }, list.form.errors.length > 0 ? 400 : 200);
  }

  private find(onward: Onward, query: AuditQuery): Promise<AuditPage | ApiRefused> {
    return this.audit.search(onward, query).catch((error: unknown) => {
      if (error instanceof ApiRefused && error.status === 400) return error;
      throw error;
    });
  }

  private async listing(who: Principal, base: string, fields: readonly Field[], report: Report, found: AuditPage | ApiRefused) {
    const errors: Errors =
      found instanceof ApiRefused ? { report: 'The report could not be made with these answers. Check each of them' } : {};
    const form = presentForm(fields, report.values, errors);
    if (found instanceof ApiRefused) return { form };
    const session = sessionOf(who);
    const at = async (next: Report) => `${base}/${await this.references.seal(session, next)}`;
    const number = report.number ?? 1;
    const rows = found.events.map(async (event) => {
      const access = describeAccess(event);
      return {
        ...access,
        ...(access.nhsNumber && { href: `/patients/${await this.references.patient(session, access.nhsNumber)}/accesses` }),
      };
    });
    return {
      form,
      accesses: await Promise.all(rows),
      total: found.total,
      number,
      period: `${dateInWords(dateIn(report.values, 'from'))} to ${dateInWords(dateIn(report.values, 'to'))}`,
      ...(number > 1 && { first: await at({ values: report.values }) }),
      ...(found.next && { next: await at({ values: report.values, page: found.next, number: number + 1 }) }),
    };
  }
}

function queryOf({ values, page }: Report): AuditQuery {
  return {
    agent: values.user?.replace(/\s/g, ''),
    from: dateIn(values, 'from'),
    to: dateIn(values, 'to'),
    outcome: values.outcome,
    page,
  };
}
