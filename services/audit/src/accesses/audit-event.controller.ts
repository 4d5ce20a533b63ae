import { Controller, Delete, Get, Header, Param, Patch, Put, Query } from '@nestjs/common';
import { Access, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction, timestampMs } from '@carespine/contracts';
import { Fault, searchset, type Bundle } from '@carespine/fhir';
import { Database, FHIR_JSON } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { isUuid } from '../parameters';
import { refuseOwnActivity } from '../reports/report-query';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { AccessSearch, pageAfter, parseAccessQuery, type FoundAccess } from './access-search';
import { auditEventOf, type AuditEvent } from './audit-event';
import { openEach } from './open-each';
import { shownTo } from './withheld';

const report = (name: string, interaction: Interaction): AccessRule => ({
  permission: 'audit.reports',
  record: { interaction, resource: 'AuditEvent', name },
});

/** Whoever reads or feeds access records is told that they cannot be changed. */
const anyChange = (name: string, interaction: Interaction): AccessRule => ({ ...report(name, interaction), permission: ['audit.reports', 'audit.feed'] });

/** Who looked at whom: for privacy officers and Caldicott Guardians, within their own organisation. */
@Controller('audit/FHIR/R4/AuditEvent')
export class AuditEventController {
  constructor(
    private readonly accesses: AccessSearch,
    private readonly config: AuditConfig,
    private readonly log: TransparencyLog,
    private readonly database: Database,
  ) {}

  @Get()
  @Header('content-type', FHIR_JSON)
  @Access(report('Search access records', Interaction.SEARCH_TYPE))
  async search(
    @Query() parameters: Record<string, unknown>,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<Bundle<AuditEvent> & { link: { relation: string; url: string }[] }> {
    trail.purpose = 'HOPERAT';
    const query = parseAccessQuery(parameters, new Date());
    if (query.nhsNumber) trail.open(query.nhsNumber);
    else refuseOwnActivity(who, query.userIds?.[0]);
    const [{ page, more, total }, provable] = await Promise.all([this.accesses.find(who.organisation.odsCode, query), this.log.size()]);
    const last = more ? page.at(-1) : undefined;
    openEach(trail, page.map(({ record }) => record.nhsNumber));
    const alerts = await this.alertsOf(page);
    const entries = page.map((access) => ({
      fullUrl: `${this.base()}/${access.id}`,
      resource: auditEventOf(shownTo(who, access), provable, this.operator(), alerts.get(access.id)),
      search: { mode: 'match' as const },
    }));
    const bundle = searchset(entries, total);
    return {
      ...bundle,
      link: [
        { relation: 'self', url: this.linkOf(parameters) },
        ...(last
          ? [{ relation: 'next', url: this.linkOf({ ...parameters, _page: pageAfter({ id: last.id, recordedMs: last.record.recorded ? timestampMs(last.record.recorded) : 0 }) }) }]
          : []),
      ],
    };
  }

  @Get(':id')
  @Header('content-type', FHIR_JSON)
  @Access(report('Read access record', Interaction.READ))
  async read(@Param('id') id: string, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<AuditEvent> {
    trail.purpose = 'HOPERAT';
    const found = isUuid(id) ? await this.accesses.byId(who.organisation.odsCode, id) : undefined;
    if (!found) throw new Fault('RESOURCE_NOT_FOUND');
    if (found.record.nhsNumber) trail.open(found.record.nhsNumber);
    trail.resourceId = id;
    return auditEventOf(shownTo(who, found), await this.log.size(), this.operator(), (await this.alertsOf([found])).get(id));
  }

  @Put([':id', ''])
  @Access(anyChange('Refused update of access records', Interaction.UPDATE))
  update(@Param('id') id?: string): never {
    throw appendOnly(id);
  }

  @Patch([':id', ''])
  @Access(anyChange('Refused update of access records', Interaction.PATCH))
  patch(@Param('id') id?: string): never {
    throw appendOnly(id);
  }

  @Delete([':id', ''])
  @Access(anyChange('Refused deletion of access records', Interaction.DELETE))
  delete(@Param('id') id?: string): never {
    throw appendOnly(id);
  }

  /** Addresses of the national alerts that emergency accesses led to. */
  private async alertsOf(accesses: readonly FoundAccess[]): Promise<Map<string, string>> {
    const emergencies = accesses.filter(({ record }) => record.purpose === 'ETREAT' || record.purpose === 'BTG').map(({ id }) => id);
    if (emergencies.length === 0) return new Map();
    const { rows } = await this.database.query<{ event_id: string; reference: string }>({
      text: `SELECT event_id, reference FROM alert_evidence JOIN alerts USING (reference) WHERE event_id = ANY($1::uuid[]) AND rule IN ('national-type-1', 'national-type-2')`,
      values: [emergencies],
    });
    return new Map(rows.map((row) => [row.event_id, `${this.config.PUBLIC_URL}/audit/v1/alerts/${row.reference}`]));
  }

  private operator(): { odsCode: string; name: string } {
    return { odsCode: this.config.OPERATOR_ODS_CODE, name: this.config.OPERATOR_NAME };
  }

  private base(): string {
    return `${this.config.PUBLIC_URL}/audit/FHIR/R4/AuditEvent`;
  }

  private linkOf(parameters: Record<string, unknown>): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) for (const one of [value].flat()) query.append(name, String(one));
    return `${this.base()}?${query.toString()}`;
  }
}

const appendOnly = (id: string | undefined): Fault =>
  new Fault('METHOD_NOT_ALLOWED', { diagnostics: 'Access records are append-only', headers: { allow: id === undefined ? 'GET, POST' : 'GET' } });
