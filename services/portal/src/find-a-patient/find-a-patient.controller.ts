import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault, parseNhsNumber } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { DemographicsApi } from '../apis/demographics-api';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { presentForm, readForm, type Errors, type Values } from '../forms/form';
import { Pages } from '../pages/pages';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { describeHit } from './search-hit';
import { checkSearch, criteriaInWords, SEARCH_FIELDS, searchParameters, type SearchKind } from './search-criteria';

interface Criteria {
  kind: SearchKind;
  values: Values;
}

const CAN_TRACE = { permission: 'demographics.trace' } as const;

@Controller('/find-a-patient')
export class FindAPatientController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly demographics: DemographicsApi,
  ) {}

  @Access(CAN_TRACE)
  @Get()
  byNhsNumber(@Res() reply: FastifyReply): void {
    this.form(reply, 'nhs-number', {});
  }

  @Access(CAN_TRACE)
  @Post()
  @HttpCode(200)
  async openByNhsNumber(@Caller() who: Principal, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const values = readForm(SEARCH_FIELDS['nhs-number'], body);
    const errors = checkSearch('nhs-number', values);
    const nhsNumber = parseNhsNumber(values.nhsNumber ?? '');
    if (!nhsNumber) return this.form(reply, 'nhs-number', values, errors);
    this.pages.seeOther(reply, `/patients/${await this.references.patient(sessionOf(who), nhsNumber)}`);
  }

  @Access(CAN_TRACE)
  @Get(':kind')
  byDetails(@Param('kind') kind: string, @Res() reply: FastifyReply): void {
    this.form(reply, detailed(kind), {});
  }

  @Access(CAN_TRACE)
  @Post(':kind')
  @HttpCode(200)
  async search(@Caller() who: Principal, @Param('kind') kind: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const chosen = detailed(kind);
    const values = readForm(SEARCH_FIELDS[chosen], body);
    const errors = checkSearch(chosen, values);
    if (Object.keys(errors).length > 0) return this.form(reply, chosen, values, errors);
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
    this.pages.seeOther(reply, `/find-a-patient/results/${await this.references.seal(sessionOf(who), { kind: chosen, values: given })}`);
  }

  /** The form again, with what was searched for in it. */
  @Access(CAN_TRACE)
  @Get('change/:reference')
  async change(@Caller() who: Principal, @Param('reference') reference: string, @Res() reply: FastifyReply): Promise<void> {
    const { kind, values } = await this.references.open<Criteria>(sessionOf(who), reference);
    this.form(reply, kind, values);
  }

  @Access(CAN_TRACE)
  @Get('results/:reference')
  async results(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { kind, values } = await this.references.open<Criteria>(sessionOf(who), reference);
    const found = await this.demographics.search(onward, searchParameters(values)).catch((error: unknown) => {
      if (error instanceof ApiRefused && error.status === 400) return error;
      throw error;
    });
    if (found instanceof ApiRefused) return this.form(reply, kind, values, { search: refusedSearch(found) });

    const shared = { criteria: criteriaInWords(values), changeHref: `/find-a-patient/change/${reference}`, kind };
    if (found === 'too-many') return this.pages.show(reply, 'find-a-patient/too-many', shared);
    const hits = (found.entry ?? []).toSorted((a, b) => (b.search?.score ?? 0) - (a.search?.score ?? 0));
    if (hits.length === 0) return this.pages.show(reply, 'find-a-patient/no-match', shared);
    const described = hits.map(async (hit) => ({
      ...describeHit(hit),
      href: `/patients/${await this.references.patient(sessionOf(who), hit.resource.id)}`,
    }));
    this.pages.show(reply, 'find-a-patient/results', { ...shared, hits: await Promise.all(described) });
  }

  private form(reply: FastifyReply, kind: SearchKind, values: Values, errors: Errors = {}): void {
    const form = presentForm(SEARCH_FIELDS[kind], values, errors);
    this.pages.show(reply, 'find-a-patient/search', { kind, form }, form.errors.length > 0 ? 400 : 200);
  }
}

const detailed = (kind: string): SearchKind => {
  if (kind === 'basic' || kind === 'advanced') return kind;
  throw new Fault('RESOURCE_NOT_FOUND');
};

const refusedSearch = (refused: ApiRefused) =>
  refused.code === 'INVALID_SEARCH_DATA' || refused.code === 'MISSING_VALUE'
    ? 'Give more details: this is not enough to search for a patient'
    : 'The search could not be done with these details. Check that each is complete and correct';
