import { realpath } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Fault } from '@carespine/fhir';
import { fingerprintOf, importAlone, importLines, Refusal, type Line, type Progress, type Refusals } from '@carespine/line-import';
import type { Grant } from '../permissions/permission';
import type { Acting } from '../pointers/acting';
import type { DocumentReference } from '../pointers/document-reference';
import { WAS_ANOTHERS, type PointerRegister, type RequestIds } from '../pointers/pointer-register.service';
import type { PointerRow } from '../pointers/pointer-row';
import { candidateOf, refusalOf, type Candidate } from './candidate';

export interface ImportSummary {
  /** Lines read so far, by this call and by those before it that were interrupted. */
  lines: number;
  loaded: number;
  /** Here already, with the same content. */
  alreadyLoaded: number;
  refused: number;
}

export interface Import {
  /** One DocumentReference a line. */
  file: string;
  /** Of whom all of the file's pointers must be. */
  acting: Acting;
  /** Where refused lines go, each with its reason. */
  errors: string;
  /** For pointers that replace others. */
  register: Pick<PointerRegister, 'create' | 'replaceAgain'>;
  /** Called after each transaction. */
  report?: (summary: ImportSummary) => void;
}

/** Lines in one transaction. */
const BATCH_SIZE = 2000;

/**
 * Imports the pointers of one organisation by the rules of the API: under their own ids, or under ids made of their content. What is here
 * with the same content is left alone; what is refused stands, with the reason, in the file of errors. Each batch is one transaction that
 * remembers how far it got: a repeated call goes on from there.
 */
export async function importPointers(pool: Pool, options: Import): Promise<ImportSummary> {
  return importAlone(pool, 'pointers', (client) => new PointerImport(client, options).run());
}

/** Lines that were read and checked, and wait for the database. */
interface Checked {
  candidates: Candidate[];
  refused: [Line, Refusal][];
}

class PointerImport {
  private id = '';
  private readonly summary: ImportSummary = { lines: 0, loaded: 0, alreadyLoaded: 0, refused: 0 };
  private readonly grant: Grant;
  private readonly organisation: string;

  constructor(
    private readonly client: PoolClient,
    private readonly options: Import,
  ) {
    ({ grant: this.grant, organisation: this.organisation } = options.acting);
  }

  async run(): Promise<ImportSummary> {
    const { file, errors } = this.options;
    await importLines({
      file,
      errors,
      from: await this.begin(),
      batchSize: BATCH_SIZE,
      check: (lines) => this.check(lines),
      store: (checked, last, refusals) => this.store(checked, last, refusals),
    });
    await this.client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [this.id]);
    if (this.summary.loaded > 0) await this.client.query('ANALYZE pointers');
    return this.summary;
  }

  /** Finds how far an interrupted import of the same file got, or begins a new one. */
  private async begin(): Promise<Progress> {
    const file = await realpath(this.options.file);
    const fingerprint = await fingerprintOf(file);
    const where = [file, this.organisation];
    const { rows } = await this.client.query<Record<string, string>>(
      'SELECT * FROM imports WHERE file = $1 AND organisation = $2 AND finished_at IS NULL',
      where,
    );
    const [unfinished] = rows;
    if (unfinished?.['fingerprint'] === fingerprint) {
      this.id = unfinished['id'] ?? '';
      const [lines = 0, loaded, alreadyLoaded, refused] = ['line', 'loaded', 'already_loaded', 'refused'].map((column) =>
        Number(unfinished[column]),
      );
      Object.assign(this.summary, { lines, loaded, alreadyLoaded, refused });
      return { byteOffset: Number(unfinished['byte_offset']), line: lines, refusedBytes: Number(unfinished['refused_bytes']) };
    }
    if (unfinished) await this.client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [unfinished['id']]);
    const begun = await this.client.query<{ id: string }>(
      'INSERT INTO imports (file, organisation, fingerprint) VALUES ($1, $2, $3) RETURNING id',
      [...where, fingerprint],
    );
    this.id = begun.rows[0]?.id ?? '';
    return { byteOffset: 0, line: 0, refusedBytes: 0 };
  }

  private check(lines: readonly Line[]): Checked {
    const now = new Date().toISOString();
    const checked: Checked = { candidates: [], refused: [] };
    for (const line of lines) {
      try {
        const candidate = candidateOf(line, this.organisation, this.grant, now);
        if (candidate) checked.candidates.push(candidate);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        checked.refused.push([line, error]);
      }
    }
    return checked;
  }

  private async store({ candidates, refused }: Checked, last: Line, refusals: Refusals): Promise<void> {
    const superseding = candidates.filter(({ supersedes }) => supersedes);
    const refuse = (line: Line, refusal: Refusal): void => void refused.push([line, refusal]);
    await this.client.query('BEGIN');
    await this.copy(
      candidates.filter(({ supersedes }) => !supersedes),
      refuse,
    );
    if (superseding.length === 0) await this.progress(last, refused, refusals);
    await this.client.query('COMMIT');
    if (superseding.length > 0) {
      // after those that they may replace, and each in a transaction of its own: repeated, it finds itself already here
      for (const candidate of superseding) await this.supersede(candidate, refuse);
      await this.progress(last, refused, refusals);
    }
    this.options.report?.({ ...this.summary });
  }

  private async progress(last: Line, refused: [Line, Refusal][], refusals: Refusals): Promise<void> {
    await refusals.add(refused);
    this.summary.refused += refused.length;
    this.summary.lines = last.number;
    const { loaded, alreadyLoaded, refused: refusedLines } = this.summary;
    await this.client.query(
      `UPDATE imports SET byte_offset = $2, line = $3, loaded = $4, already_loaded = $5, refused = $6, refused_bytes = $7
        WHERE id = $1`, [
      this.id, last.end, last.number, loaded, alreadyLoaded, refusedLines, refusals.bytes,
    ]); // prettier-ignore
  }

  private async copy(candidates: readonly Candidate[], refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    const { rows } = await this.client.query<{ id: string; nhs_number: string; record: string | null }>({
      name: 'present',
      text: `SELECT given.id, given.nhs_number, pointer.record FROM unnest($1::text[], $2::text[]) AS given(id, nhs_number)
        LEFT JOIN pointers AS pointer ON pointer.id = given.id WHERE pointer.id IS NOT NULL OR ${WAS_ANOTHERS}`,
      values: [candidates.map(({ row }) => row.id), candidates.map(({ row }) => row.nhs_number)],
    });
    const present = new Map(rows.flatMap(({ id, record }) => (record === null ? [] : [[id, record]])));
    const anothers = new Set(rows.flatMap(({ id, nhs_number, record }) => (record === null ? [`${id} ${nhs_number}`] : [])));
    const fresh: PointerRow[] = [];
    for (const { line, row } of candidates) {
      const here = present.get(row.id);
      if (here === undefined && anothers.has(`${row.id} ${row.nhs_number}`)) {
        refuse(line, new Refusal('id', 'was the id of a pointer of another patient'));
        continue;
      }
      if (here === undefined) fresh.push(row);
      else if (isSame(here, row.record)) this.summary.alreadyLoaded++;
      else refuse(line, new Refusal('id', 'is the id of a pointer with other content'));
      present.set(row.id, here ?? row.record);
    }
    if (fresh.length === 0) return;
    await pipeline(
      [Buffer.from(fresh.map(copyLine).join(''))],
      this.client.query(copyFrom(`COPY pointers (${COLUMNS.join(', ')}) FROM STDIN`)),
    );
    await this.client.query({
      name: 'noted',
      text: `INSERT INTO pointer_changes (change, pointer_id, nhs_number, organisation, application, request_id, record)
        SELECT 'created', id, nhs_number, custodian, $2, $3, record FROM pointers WHERE id = ANY($1)`,
      values: [fresh.map(({ id }) => id), this.options.acting.who.client.id, this.request.id],
    });
    this.summary.loaded += fresh.length;
  }

  private async supersede({ line, pointer }: Candidate, refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    try {
      await this.options.register.create(pointer, true, this.options.acting, this.request);
      this.summary.loaded++;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { rows } = await this.client.query<{ record: string }>('SELECT record FROM pointers WHERE id = $1', [pointer.id]);
      if (!rows[0] || !isSame(rows[0].record, JSON.stringify(pointer))) return refuse(line, refusalOf(error));
      this.summary.alreadyLoaded++;
      await this.options.register.replaceAgain(pointer, this.options.acting, this.request);
    }
  }

  private get request(): RequestIds {
    return { id: `import-${this.id}`, traceparent: '' };
  }
}

/** But for what the server sets. */
function isSame(one: string, other: string): boolean {
  const content = (record: string): object => {
    const { date: _date, meta, ...rest } = JSON.parse(record) as DocumentReference;
    const { lastUpdated: _lastUpdated, ...kept } = meta ?? {};
    return { ...rest, kept };
  };
  return isDeepStrictEqual(content(one), content(other));
}

const COLUMNS = ['id', 'nhs_number', 'type', 'custodian', 'date', 'record'] as const satisfies (keyof PointerRow)[];

/** @see PostgreSQL, COPY: text format. JSON text holds no control characters. */
const copyLine = (row: PointerRow): string => `${COLUMNS.map((column) => row[column].replaceAll('\\', '\\\\')).join('\t')}\n`;
