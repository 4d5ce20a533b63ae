import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { FastifyReply } from 'fastify';
import { type Onward, OnwardHeaders, referenceIn } from '../apis/api-client';
import { ReportsApi } from '../apis/reports-api';
import type { Values } from '../forms/form';
import { CAN_REPORT } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { reportQuery, REPORTS } from './report-forms';

const REPORTER = { permission: CAN_REPORT } as const;
const FORMATS: Record<string, string> = { csv: 'CSV', xlsx: 'Excel' };

/** A report as a file: ordered, watched while it is written, fetched. */
@Controller()
export class ExportsController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly reports: ReportsApi,
  ) {}

  @Access(REPORTER)
  @Post('/reports/:report/:asked/exports')
  @HttpCode(200)
  async start(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('report') report: string,
    @Param('asked') sealed: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { values, user } = await this.references.open<{ values: Values; user?: { userId: string } }>(sessionOf(who), sealed);
    const { format } = (body ?? {}) as { format?: unknown };
    if (!REPORTS.some(({ name }) => name === report) || typeof format !== 'string' || !Object.hasOwn(FORMATS, format)) {
      throw new Fault('INVALID_VALUE', { diagnostics: "Invalid value in field 'format'" });
    }
    const parameters = Object.fromEntries(Object.entries(reportQuery(values, user)).filter(([, value]) => value)) as Record<string, string>;
    const { id } = await this.reports.startExport(onward, { report, format, parameters });
    this.pages.seeOther(reply, `/exports/${id}`);
  }

  /** Where a return after signing in ends. */
  @Access(REPORTER)
  @Get('/reports/:report/:asked/exports')
  report(@Param('report') report: string, @Param('asked') sealed: string, @Res() reply: FastifyReply): void {
    this.pages.seeOther(reply, `/reports/${encodeURIComponent(report)}/${encodeURIComponent(sealed)}`);
  }

  @Access(REPORTER)
  @Get('/exports/:id')
  async show(@OnwardHeaders() onward: Onward, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const made = await this.reports.export(onward, referenceIn(id));
    const report = REPORTS.find(({ name }) => name === made.report);
    this.pages.show(reply, 'reports/export', {
      ...made,
      title: report?.title ?? 'Report',
      format: FORMATS[made.format] ?? made.format,
      percent: made.of ? Math.min(Math.floor((made.done / made.of) * 100), 100) : undefined,
      href: `/exports/${id}`,
    });
  }

  @Access(REPORTER)
  @Get('/exports/:id/file')
  async file(@OnwardHeaders() onward: Onward, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const { fileName, format, status } = await this.reports.export(onward, referenceIn(id));
    if (status !== 'ready') return this.pages.seeOther(reply, `/exports/${id}`);
    const file = await this.reports.exportFile(onward, id);
    this.pages.download(reply, file, fileName ?? `report.${format}`);
  }
}
