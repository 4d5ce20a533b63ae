import { Controller, Get, Query } from '@nestjs/common';
import { Access, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { openEach } from '../accesses/open-each';
import { invalid, readParameters } from '../parameters';
import { missing } from '../request-body';
import type { ActivityReport } from './activity';
import { People, type Person } from './people';
import { isName, parseReportQuery, type ReportName, type ReportQuery } from './report-query';
import { Reports, type AccessReport, type EnquiryReport } from './reports';

const report = (name: string): AccessRule => ({
  permission: 'audit.reports',
  record: { interaction: Interaction.SEARCH_TYPE, resource: 'AuditEvent', name },
});

/** A privacy officer's reports, as JSON for the desk. Each is an access record itself, of every patient whom it names. */
@Controller('audit/v1')
export class ReportsController {
  constructor(
    private readonly reports: Reports,
    private readonly people: People,
  ) {}

  @Get('reports/patient-access')
  @Access(report('Patient access report'))
  patientAccess(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<AccessReport> {
    return this.reports.patientAccess(who, asked('patient-access', parameters, trail));
  }

  @Get('reports/user-access')
  @Access(report('User access report'))
  async userAccess(
    @Query() parameters: Record<string, unknown>,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<AccessReport | { people: Person[]; more?: true }> {
    const found = await this.reports.userAccess(who, asked('user-access', parameters, trail));
    if ('rows' in found) openEach(trail, found.rows.map(({ nhsNumber }) => nhsNumber));
    return found;
  }

  @Get('reports/patient-enquiries')
  @Access(report('Patient enquiries report'))
  async patientEnquiries(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<EnquiryReport> {
    const found = await this.reports.patientEnquiries(who, asked('patient-enquiries', parameters, trail));
    openEach(trail, found.rows.map(({ nhsNumber }) => nhsNumber));
    return found;
  }

  @Get('reports/activity')
  @Access(report('Activity report'))
  activity(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<ActivityReport> {
    return this.reports.activity(who, asked('activity', parameters, trail));
  }

  @Get('people')
  @Access(report('Search staff by name'))
  async named(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<{ people: Person[]; more?: true }> {
    trail.purpose = 'HOPERAT';
    const name = readParameters(parameters, ['name'])('name');
    if (name === undefined) throw missing('name');
    if (!isName(name)) throw invalid(name, 'name');
    return this.people.named(who.organisation.odsCode, name);
  }
}

function asked(name: ReportName, parameters: Record<string, unknown>, trail: AccessTrail): ReportQuery {
  trail.purpose = 'HOPERAT';
  const query = parseReportQuery(name, parameters, new Date());
  if (query.patient !== undefined) trail.open(query.patient);
  return query;
}
