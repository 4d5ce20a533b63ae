import { Controller, Get, Header, Headers, Query } from '@nestjs/common';
import { Access, Caller, type AccessRule, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { KEPT_DAYS, RetrievalFailures, type FailureCount, type KeptFailure } from '../documents/retrieval-failures';
import { ActingOrganisations, ORGANISATION_HEADER } from '../pointers/acting';
import { placeOf } from '../search/search-parameters';
import { POINTER_TYPES } from '../validation/code-tables';
import { OwnPointers, type OwnPointer, type TypeCount } from './own-pointers';

const rule = (name: string): AccessRule => ({
  permission: ['pointers.produce', 'admin.organisation-settings'],
  record: { interaction: Interaction.SEARCH_TYPE, resource: '', name },
});

const LARGEST_PAGE = 100;
const LATEST_FAILURES = 20;

/** What an organisation has here: its own pointers, and which of them could not be opened. Nothing in it is about a patient. */
@Controller('record-locator/v1')
export class CustodiansController {
  constructor(
    private readonly acting: ActingOrganisations,
    private readonly own: OwnPointers,
    private readonly failures: RetrievalFailures,
  ) {}

  /** `type`: a code; `_count`: 1 to 100, else 20; `after`: `next` of the page before. Counts come with the first page. */
  @Get('pointers')
  @Header('cache-control', 'no-store')
  @Access(rule('List own pointers'))
  async pointers(
    @Query() parameters: Record<string, unknown>,
    @Headers(ORGANISATION_HEADER) header: string | undefined,
    @Caller() who: Principal,
  ): Promise<{ organisation: string; counts?: TypeCount[]; pointers: OwnPointer[]; next?: string }> {
    const { type, _count = '20', after } = onceEach(parameters, ['type', '_count', 'after']);
    if (type !== undefined && !POINTER_TYPES.has(type)) throw invalid('type', 'must be the code of a pointer type');
    const organisation = await this.organisationOf(who, header);
    const [counts, page] = await Promise.all([
      after === undefined ? this.own.counts(organisation) : undefined,
      this.own.page(organisation, numberIn(_count, LARGEST_PAGE, '_count'), type, after === undefined ? undefined : placeOf(after, 'after')),
    ]);
    return { organisation, ...(counts && { counts }), ...page };
  }

  /** `days`: back from now, 1 to 30, else 7. */
  @Get('retrieval-failures')
  @Header('cache-control', 'no-store')
  @Access(rule('List own retrieval failures'))
  async retrievalFailures(
    @Query() parameters: Record<string, unknown>,
    @Headers(ORGANISATION_HEADER) header: string | undefined,
    @Caller() who: Principal,
  ): Promise<{ organisation: string; days: number; codes: FailureCount[]; latest: KeptFailure[] }> {
    const days = numberIn(onceEach(parameters, ['days']).days ?? '7', KEPT_DAYS, 'days');
    const organisation = await this.organisationOf(who, header);
    return { organisation, days, ...(await this.failures.of(organisation, days, LATEST_FAILURES)) };
  }

  /** Staff see what is their organisation's whether or not it may still produce; an application must be permitted to. */
  private async organisationOf(who: Principal, header: string | undefined): Promise<string> {
    const own = who.organisation.odsCode;
    if (who.mode === 'user-restricted' && [undefined, '', own].includes(header?.trim())) return own;
    return (await this.acting.of(who, header, 'producer')).organisation;
  }
}

function onceEach(parameters: Record<string, unknown>, known: string[]): Record<string, string | undefined> {
  for (const [name, value] of Object.entries(parameters)) {
    if (!known.includes(name)) throw invalid(name.replace(/[^\x20-\x7e]/g, '?').slice(0, 50), 'extra fields not permitted');
    if (typeof value !== 'string' || value === '') throw invalid(name, 'must be given once, as text');
  }
  return parameters as Record<string, string>;
}

function numberIn(text: string, most: number, name: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= most) return Number(text);
  throw invalid(name, `must be a whole number from 1 to ${most}`);
}

const invalid = (name: string, reason: string): Fault =>
  new Fault('INVALID_PARAMETER', { expression: name, diagnostics: `Invalid query parameter (${name}: ${reason})` });
