import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { ApiRefused, type Onward, OnwardHeaders, referenceIn } from '../apis/api-client';
import { PolicyApi } from '../apis/policy-api';
import { SubjectAccessApi, type DocumentFormat, type SubjectAccess } from '../apis/subject-access-api';
import { carriedNumber, dateValues, presentForm, readForm, type Errors, type Values } from '../forms/form';
import { CAN_ANSWER } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { londonDate } from '../pages/words';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { checkRequest, checkRequestStep, FIELD_OF, membersOf, orderOf, REQUEST, REQUEST_STEPS, type RequestStep } from './request-forms';
import { describeRequest, describeWhole, requestHref } from './request-view';

const ANSWERER = { permission: CAN_ANSWER } as const;
const FORMATS: readonly DocumentFormat[] = ['html', 'pdf', 'json'];
const STATUSES = ['preparing', 'awaiting-decision', 'ready', 'sent', 'closed', 'failed'];

/** Persons who ask who looked at their record. */
@Controller('/subject-access')
export class SubjectAccessController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly requests: SubjectAccessApi,
    private readonly policies: PolicyApi,
  ) {}

  @Access(ANSWERER)
  @Get()
  async list(@OnwardHeaders() onward: Onward, @Query() query: Record<string, unknown>, @Res() reply: FastifyReply): Promise<void> {
    const status = STATUSES.find((one) => one === query.status);
    const page = typeof query._page === 'string' && query._page.length <= 2000 ? query._page : undefined;
    const { requests, next, total } = await this.requests.list(onward, status, page);
    const today = londonDate(new Date());
    const at = (cursor?: string) => `/subject-access?${new URLSearchParams({ ...(status && { status }), ...(cursor && { _page: cursor }) })}`;
    this.pages.show(reply, 'subject-access/list', {
      rows: requests.map((request) => describeRequest(request, today)),
      status,
      total,
      ...(page && { first: at() }),
      ...(next && { next: at(next) }),
    });
  }

  @Access(ANSWERER)
  @Get('new')
  async form(@OnwardHeaders() onward: Onward, @Res() reply: FastifyReply): Promise<void> {
    const { namesWithheldInSubjectAccess: withheld, namesWithheldReason: reason = '' } = await this.policies
      .read(onward)
      .catch(() => ({ namesWithheldInSubjectAccess: false, namesWithheldReason: undefined }));
    const today = londonDate(new Date());
    const yearAgo = `${Number(today.slice(0, 4)) - 1}${today.slice(4).replace('-02-29', '-02-28')}`;
    this.showForm(reply, { ...dateValues('received', today), ...dateValues('from', yearAgo), ...dateValues('to', today), withhold: withheld ? 'yes' : 'no', reason });
  }

  @Access(ANSWERER)
  @Post('new')
  @HttpCode(200)
  async open(@OnwardHeaders() onward: Onward, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const values = readForm(REQUEST, body);
    const errors = checkRequest(values, new Date());
    if (Object.keys(errors).length > 0) return this.showForm(reply, values, errors);
    try {
      const { reference } = await this.requests.open(onward, orderOf(values));
      this.pages.seeOther(reply, requestHref(reference));
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 403, 404, 409, 422].includes(error.status)) throw error;
      if (error.status === 403) return this.showForm(reply, values, { nhsNumber: 'This is your own record. A colleague has to answer this request' });
      const field = FIELD_OF[error.element.replace(/\[.*/, '')];
      this.showForm(reply, values, field ? { [field]: 'Check this answer: it was not accepted' } : { request: 'The request could not be opened with these answers. Check each of them' });
    }
  }

  @Access(ANSWERER)
  @Get(':reference')
  async show(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Query('done') done: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const request = await this.requests.read(onward, referenceIn(reference));
    const patient = await this.references.patient(sessionOf(who), request.nhsNumber);
    this.pages.show(reply, 'subject-access/request', {
      ...describeWhole(request, londonDate(new Date())),
      nhsNumber: request.nhsNumber,
      patientHref: `/patients/${patient}`,
      steps: possible(request),
      mayDecide: request.steps.includes('exclude'),
      done: REQUEST_STEPS.some(({ step }) => step === done) && 'The request was updated',
    });
  }

  /** The HTML document is shown in a sandbox without script; the others are for keeping. */
  @Access(ANSWERER)
  @Get(':reference/document')
  async document(@OnwardHeaders() onward: Onward, @Param('reference') reference: string, @Query('format') format: unknown, @Res() reply: FastifyReply): Promise<void> {
    const chosen = FORMATS.find((one) => one === format);
    if (!chosen) throw new Fault('RESOURCE_NOT_FOUND');
    const file = await this.requests.document(onward, referenceIn(reference), chosen).catch((error: unknown) => {
      if (error instanceof ApiRefused && error.status === 422) return undefined; // not ready yet, or no longer
      throw error;
    });
    if (!file) return this.pages.seeOther(reply, requestHref(reference));
    if (chosen === 'html') this.pages.sandbox(reply, file);
    else this.pages.download(reply, file, `${reference}.${chosen}`);
  }

  @Access(ANSWERER)
  @Get(':reference/:step')
  async stepForm(
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('step') step: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const form = stepOf(step);
    const request = await this.requests.read(onward, referenceIn(reference));
    if (!possible(request).includes(form)) return this.pages.seeOther(reply, requestHref(reference));
    this.showStep(reply, form, request, {});
  }

  @Access(ANSWERER)
  @Post(':reference/:step')
  @HttpCode(200)
  async take(
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Param('step') step: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const form = stepOf(step);
    const request = await this.requests.read(onward, referenceIn(reference));
    const values = readForm(form.fields, body);
    const version = carriedNumber(body, 'version', request.version);
    const errors = checkRequestStep(form, values);
    if (Object.keys(errors).length > 0) return this.showStep(reply, form, request, values, errors);
    try {
      await this.requests.take(onward, reference, { version, step, ...membersOf(values) });
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 403, 409, 422].includes(error.status)) throw error;
      const now = await this.requests.read(onward, reference);
      return this.showStep(reply, form, now, values, refusalInWords(error), error.status === 409);
    }
    this.pages.seeOther(reply, `${requestHref(reference)}?done=${step}`);
  }

  private showForm(reply: FastifyReply, values: Values, errors: Errors = {}): void {
    const form = presentForm(REQUEST, values, errors);
    this.pages.show(reply, 'subject-access/new', { form }, form.errors.length > 0 ? 400 : 200);
  }

  private showStep(reply: FastifyReply, step: RequestStep, request: SubjectAccess, values: Values, errors: Errors = {}, moved = false): void {
    const form = presentForm(step.fields, values, errors);
    const view = describeWhole(request, londonDate(new Date()));
    const status = moved ? 409 : form.errors.length > 0 ? 400 : 200;
    this.pages.show(reply, 'subject-access/step', { ...view, step, form, version: request.version }, status);
  }
}

function stepOf(step: string): RequestStep {
  const form = REQUEST_STEPS.find((candidate) => candidate.step === step);
  if (!form) throw new Fault('RESOURCE_NOT_FOUND');
  return form;
}

const possible = (request: SubjectAccess): RequestStep[] => REQUEST_STEPS.filter(({ step }) => request.steps.includes(step));

function refusalInWords({ status, element }: ApiRefused): Errors {
  if (element.startsWith('accesses')) return { accesses: 'The letter as it is now does not show an access of each of these numbers' };
  if (status === 409) return { request: 'Somebody else changed this request meanwhile. Read its history below, then do it again' };
  if (status === 403) return { request: 'The Caldicott Guardian decides this. Ask them to do it' };
  return { request: 'This cannot be done with the request in its present state' };
}
