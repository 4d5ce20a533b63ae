import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Fault } from '@carespine/fhir';
import { Database, isPassing, LOG, type Log } from '@carespine/service-kit';
import { BackgroundLoop } from '../background-loop';
import { mayReadCpis } from '../accesses/withheld';
import { AuditConfig } from '../config';
import { isGuardian, refuseOwnActivity, type Officer, type ReportName, type ReportQuery } from '../reports/report-query';
import { Reports } from '../reports/reports';
import { cellsOf, titlesOf } from './columns';
import { BYTE_ORDER_MARK, csvLine } from './csv';
import { xlsx, xlsxRow } from './xlsx';

export const FORMATS = ['csv', 'xlsx'] as const;
export type Format = (typeof FORMATS)[number];

export interface Export {
  id: string;
  report: ReportName;
  format: Format;
  status: 'running' | 'ready' | 'failed';
  /** Rows written. */
  done: number;
  /** Rows that there are to write; absent where they are not counted. */
  of?: number;
  /** Rows after which the file ends although the report goes on. */
  capped?: number;
  fileName?: string;
}

interface ExportRow {
  id: string;
  officer: Omit<Officer, 'permissions'> & { permissions: string[] };
  report: ReportName;
  format: Format;
  query: Omit<ReportQuery, 'from' | 'to'> & { from: string; to: string };
  status: Export['status'];
  done: number;
  total: number | null;
  capped: number | null;
  parts: number;
  next_page: string | null;
  created_at: Date;
}

const PAGE = 1000;
const LOOK_AGAIN_MS = 5000;
/** Work that stood still so long was left by a replica that ended. */
const ABANDONED = `interval '30 seconds'`;
const MOST_AT_ONCE = 5;

/** Reports on their way to a file, and files until they expire; each seen by her alone who asked for it. */
@Injectable()
export class ExportRegister implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    private readonly reports: Reports,
    private readonly config: AuditConfig,
    @Inject(LOG) log: Log,
  ) {
    this.loop = new BackgroundLoop('exports', LOOK_AGAIN_MS, (stopping) => this.workOn(stopping), log);
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.loop.stop();
  }

  /** @throws Fault as the report itself would, or when a name fits several people, or too many are under way */
  async begin(who: Officer, report: ReportName, format: Format, query: ReportQuery): Promise<Export> {
    if (report !== 'patient-access') refuseOwnActivity(who, query.user);
    const settled = await this.reports.settled(who, report, query);
    const first = await this.reports.page(who, report, { ...settled, count: 1 });
    const cap = this.config.EXPORT_ROW_CAP;
    const total = 'total' in first ? Math.min(Number(first.total), cap) : null;
    const officer: ExportRow['officer'] = { organisation: who.organisation, userId: who.userId, role: who.role, permissions: [...who.permissions] };
    const { rows } = await this.database.query<ExportRow>({
      text: `INSERT INTO exports (id, user_id, ods_code, officer, report, format, query, total, created_at, expires_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, now(), now() + interval '1 day'
        WHERE (SELECT count(*) FROM exports WHERE user_id = $2 AND ods_code = $3 AND status = 'running') < ${MOST_AT_ONCE} RETURNING *`,
      values: [randomUUID(), who.userId ?? '', who.organisation.odsCode, officer, report, format, settled, total],
    });
    if (!rows[0]) throw new Fault('TOO_MANY_REQUESTS', { diagnostics: `${MOST_AT_ONCE} exports are under way`, headers: { 'retry-after': '30' } });
    this.loop.ring();
    return exportOf(rows[0]);
  }

  /** @returns undefined to anybody but her who asked for it, and after a day */
  async find(who: Officer, id: string): Promise<(Export & { patient?: string; user?: string }) | undefined> {
    const { rows } = await this.database.query<ExportRow>({
      text: 'SELECT * FROM exports WHERE id = $1 AND user_id = $2 AND ods_code = $3 AND expires_at > now()',
      values: [id, who.userId ?? '', who.organisation.odsCode],
    });
    const [row] = rows;
    // she may hold another role by now
    if (!row) return undefined;
    const then = officerOf(row);
    if ((isGuardian(then) && !isGuardian(who)) || (mayReadCpis(then) && !mayReadCpis(who))) return undefined;
    const { patient, user } = row.query;
    return { ...exportOf(row), ...(patient !== undefined && { patient }), ...(user !== undefined && { user }) };
  }

  /** Whom the file names. */
  async patientsIn({ id }: Export): Promise<string[]> {
    const { rows } = await this.database.query<{ nhs_number: string }>({ text: 'SELECT nhs_number FROM export_patients WHERE export_id = $1', values: [id] });
    return rows.map((row) => row.nhs_number);
  }

  /** The bytes of a file that is ready. */
  file({ id, format }: Export): AsyncIterable<Buffer> {
    return format === 'csv' ? this.parts(id) : xlsx(this.parts(id));
  }

  private async *parts(id: string): AsyncGenerator<Buffer> {
    for (let part = 0; ; part++) {
      const { rows } = await this.database.query<{ bytes: Buffer }>({ name: 'export-part', text: 'SELECT bytes FROM export_parts WHERE export_id = $1 AND part = $2', values: [id, part] });
      if (!rows[0]) return;
      yield rows[0].bytes;
    }
  }

  /** @returns whether there was something to do */
  private async workOn(stopping: AbortSignal): Promise<boolean> {
    await this.database.query({ text: 'DELETE FROM exports WHERE expires_at < now()' });
    const { rows } = await this.database.query<ExportRow>({
      text: `UPDATE exports SET worked_at = now() WHERE id = (
        SELECT id FROM exports WHERE status = 'running' AND worked_at < now() - ${ABANDONED} ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *`,
    });
    const [row] = rows;
    if (!row) return false;
    try {
      for (let at: ExportRow | undefined = row; at && !stopping.aborted; ) at = await this.writePart(at);
      // another replica, or the next start, goes on
      if (stopping.aborted) await this.database.query({ text: `UPDATE exports SET worked_at = '-infinity' WHERE id = $1`, values: [row.id] });
    } catch (error) {
      if (isPassing(error)) throw error;
      await this.database.query({ text: `UPDATE exports SET status = 'failed' WHERE id = $1`, values: [row.id] });
      throw error;
    }
    return true;
  }

  /** @returns where to go on; undefined at the end, or when another replica has taken over */
  private async writePart(at: ExportRow): Promise<ExportRow | undefined> {
    const cap = this.config.EXPORT_ROW_CAP;
    const query = { ...at.query, from: new Date(at.query.from), to: new Date(at.query.to), count: Math.min(PAGE, cap - at.done), ...(at.next_page !== null && { page: at.next_page }) };
    const found = await this.reports.page(officerOf(at), at.report, query);
    const line = at.format === 'csv' ? csvLine : xlsxRow;
    const head = at.parts > 0 ? '' : (at.format === 'csv' ? BYTE_ORDER_MARK : '') + line(titlesOf(at.report));
    const done = at.done + found.rows.length;
    const isFull = found.next !== undefined && done >= cap;
    const { rows } = await this.database.query<ExportRow>({
      text: `WITH written AS (INSERT INTO export_parts (export_id, part, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING part),
          named AS (INSERT INTO export_patients (export_id, nhs_number) SELECT $1, * FROM unnest($8::text[]) ON CONFLICT DO NOTHING)
        UPDATE exports SET done = $4, parts = $2 + 1, next_page = $5, capped = $6, status = $7, worked_at = now()
        WHERE id = $1 AND EXISTS (SELECT FROM written) RETURNING *`,
      values: [
        at.id,
        at.parts,
        Buffer.from(head + found.rows.map((row) => line(cellsOf(at.report, row))).join('')),
        done,
        found.next ?? null,
        isFull ? cap : null,
        found.next === undefined || isFull ? 'ready' : 'running',
        [...new Set(found.rows.flatMap((row) => ('nhsNumber' in row ? [row.nhsNumber] : [])))],
      ],
    });
    return rows[0]?.status === 'running' ? rows[0] : undefined;
  }
}

const officerOf = ({ officer }: ExportRow): Officer => ({ ...officer, permissions: new Set(officer.permissions) });

const exportOf = (row: ExportRow): Export => ({
  id: row.id,
  report: row.report,
  format: row.format,
  status: row.status,
  done: row.done,
  ...(row.total !== null && { of: row.total }),
  ...(row.capped !== null && { capped: row.capped }),
  ...(row.status === 'ready' && { fileName: `${row.report}-${row.created_at.toISOString().slice(0, 10)}.${row.format}` }),
});
