import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { openEach } from '../accesses/open-each';
import { invalid, isUuid } from '../parameters';
import { parseReportQuery, REPORT_NAMES } from '../reports/report-query';
import { membersOf, oneOf } from '../request-body';
import { ExportRegister, FORMATS, type Export, type Format } from './export-register';

const access = (name: string, interaction: Interaction, resource = 'AuditEvent'): AccessRule => ({
  permission: 'audit.reports',
  record: { interaction, resource, name },
});

/** Reports as files. Asking for one and fetching it are exports; both name the report's patient, and what else it was asked for. Fetching names everybody in the file. */
@Controller('audit/v1/exports')
export class ExportsController {
  constructor(private readonly exports: ExportRegister) {}

  @Post()
  @HttpCode(202)
  @Access(access('Export of a report', Interaction.EXPORT))
  async begin(@Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail, @Res({ passthrough: true }) reply: FastifyReply): Promise<Export> {
    trail.purpose = 'HOPERAT';
    const members = membersOf(body, ['report', 'format', 'parameters']);
    const report = oneOf(members['report'], 'report', REPORT_NAMES);
    const format = oneOf(members['format'], 'format', FORMATS);
    const parameters = parametersOf(members['parameters']);
    trail.query = new URLSearchParams([['report', report], ...Object.entries(parameters)]).toString().slice(0, 2048);
    const query = parseReportQuery(report, parameters, new Date());
    if (query.patient !== undefined) trail.open(query.patient);
    const { count: _count, page: _page, ...whole } = query;
    const begun = await this.exports.begin(who, report, format, { ...whole, count: 1 });
    trail.resourceId = begun.id;
    void reply.header('location', `/audit/v1/exports/${begun.id}`);
    return begun;
  }

  @Get(':id')
  @Access(access('Progress of an export', Interaction.READ, 'Task'))
  async progress(@Param('id') id: string, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Export> {
    trail.purpose = 'HOPERAT';
    const { patient: _patient, user: _user, ...progress } = await this.find(who, id, trail);
    return progress;
  }

  @Get(':id/file')
  @Access(access('Download of an exported report', Interaction.EXPORT))
  async file(@Param('id') id: string, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<StreamableFile> {
    trail.purpose = 'HOPERAT';
    const found = await this.find(who, id, trail);
    if (found.patient !== undefined) trail.open(found.patient);
    trail.query = new URLSearchParams({ report: found.report, ...(found.user !== undefined && { user: found.user }) }).toString();
    if (found.status !== 'ready') throw new Fault('BUSINESS_RULE', { diagnostics: `The export is ${found.status}` });
    openEach(trail, await this.exports.patientsIn(found));
    return new StreamableFile(Readable.from(this.exports.file(found)), { type: TYPES[found.format], disposition: `attachment; filename="${found.fileName}"` });
  }

  private async find(who: Principal, id: string, trail: AccessTrail): Promise<Export & { patient?: string; user?: string }> {
    const found = isUuid(id) ? await this.exports.find(who, id) : undefined;
    if (!found) throw new Fault('RESOURCE_NOT_FOUND');
    trail.resourceId = id;
    return found;
  }
}

const TYPES: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** As the report's own query: texts, or numbers. */
function parametersOf(given: unknown): Record<string, string> {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid(given, 'parameters');
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'string' && typeof value !== 'number') throw invalid(value, name.slice(0, 50));
      return [name, String(value)];
    }),
  );
}
