import { createHash } from 'node:crypto';
import { open, realpath, rm, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Fault } from '@carespine/fhir';
import type { Grant } from '../permissions/permission';
import type { Acting } from '../pointers/acting';
import type { DocumentReference } from '../pointers/document-reference';
import type { PointerRegister } from '../pointers/pointer-register.service';
import type { PointerRow } from '../pointers/pointer-row';
import { candidateOf, Refusal, refusalOf, type Candidate } from './candidate';
import { linesOf, type Line } from './lines';

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
  register: Pick<PointerRegister, 'create'>;
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
  const client = await pool.connect();
  // whoever uses the connection learns of its end from the query in hand
  client.on('error', () => undefined);
  try {
    const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(hashtext('pointers import')) AS locked`);
    if (!rows[0]?.locked) throw new Error('Another import is under way: wait for it to end.');
    return await new PointerImport(client, options).run();
  } finally {
    // the lock, and a transaction that failed half-way, end with the connection
    client.release(true);
  }
}

/** Lines that were read and checked, and wait for the database. */
interface Checked {
  candidates: Candidate[];
  refused: [Line, Refusal][];
}

class PointerImport {
  private id = '';
  private refusedBytes = 0;
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
    const offset = await this.begin();
    const refusals = await open(errors, this.refusedBytes > 0 ? 'r+' : 'w', 0o600);
    try {
      // what an interrupted call wrote beyond its last transaction is written again
      await refusals.truncate(this.refusedBytes);
      // the database takes in one batch while the next is checked
      let storing: Promise<void> = Promise.resolve();
      let batch: Line[] = [];
      const store = async (): Promise<void> => {
        const checked = this.check(batch);
        const last = batch.at(-1);
        batch = [];
        await storing;
        if (last) storing = this.store(last, checked, refusals);
        storing.catch(() => undefined); // whoever awaits it next is told
      };
      for await (const line of linesOf(file, offset, this.summary.lines)) if (batch.push(line) === BATCH_SIZE) await store();
      await store();
      await storing;
    } finally {
      await refusals.close();
    }
    if (this.refusedBytes === 0) await rm(errors, { force: true });
    await this.client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [this.id]);
    if (this.summary.loaded > 0) await this.client.query('ANALYZE pointers');
    return this.summary;
  }

  /** Finds how far an interrupted import of the same file got, or begins a new one. */
  private async begin(): Promise<number> {
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
      this.refusedBytes = Number(unfinished['refused_bytes']);
      const [lines, loaded, alreadyLoaded, refused] = ['line', 'loaded', 'already_loaded', 'refused'].map((column) =>
        Number(unfinished[column]),
      );
      Object.assign(this.summary, { lines, loaded, alreadyLoaded, refused });
      return Number(unfinished['byte_offset']);
    }
    if (unfinished) await this.client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [unfinished['id']]);
    const begun = await this.client.query<{ id: string }>(
      'INSERT INTO imports (file, organisation, fingerprint) VALUES ($1, $2, $3) RETURNING id',
      [...where, fingerprint],
    );
    this.id = begun.rows[0]?.id ?? '';
    return 0;
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

  private async store(last: Line, { candidates, refused }: Checked, refusals: FileHandle): Promise<void> {
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

  private async progress(last: Line, refused: [Line, Refusal][], refusals: FileHandle): Promise<void> {
    await this.note(refused, refusals);
    this.summary.lines = last.number;
    const { loaded, alreadyLoaded, refused: refusedLines } = this.summary;
    await this.client.query(
      `UPDATE imports SET byte_offset = $2, line = $3, loaded = $4, already_loaded = $5, refused = $6, refused_bytes = $7
        WHERE id = $1`, [
      this.id, last.end, last.number, loaded, alreadyLoaded, refusedLines, this.refusedBytes,
    ]); // prettier-ignore
  }

  private async copy(candidates: readonly Candidate[], refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    const ids = candidates.map(({ row }) => row.id);
    const { rows } = await this.client.query<{ id: string; record: string }>({
      name: 'present',
      text: 'SELECT id, record FROM pointers WHERE id = ANY($1)',
      values: [ids],
    });
    const present = new Map(rows.map(({ id, record }) => [id, record]));
    const fresh: PointerRow[] = [];
    for (const { line, row } of candidates) {
      const here = present.get(row.id);
      if (here === undefined) fresh.push(row);
      else if (isSame(here, row.record)) this.summary.alreadyLoaded++;
      else refuse(line, new Refusal('is the id of a pointer with other content', 'id'));
      present.set(row.id, here ?? row.record);
    }
    if (fresh.length === 0) return;
    await pipeline(
      [Buffer.from(fresh.map(copyLine).join(''))],
      this.client.query(copyFrom(`COPY pointers (${COLUMNS.join(', ')}) FROM STDIN`)),
    );
    this.summary.loaded += fresh.length;
  }

  private async supersede({ line, pointer }: Candidate, refuse: (line: Line, refusal: Refusal) => void): Promise<void> {
    try {
      await this.options.register.create(pointer, true, this.options.acting, { id: `import-${this.id}`, traceparent: '' });
      this.summary.loaded++;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { rows } = await this.client.query<{ record: string }>('SELECT record FROM pointers WHERE id = $1', [pointer.id]);
      if (rows[0] && isSame(rows[0].record, JSON.stringify(pointer))) this.summary.alreadyLoaded++;
      else refuse(line, refusalOf(error));
    }
  }

  private async note(refused: [Line, Refusal][], refusals: FileHandle): Promise<void> {
    if (refused.length === 0) return;
    refused.sort(([one], [other]) => one.number - other.number);
    const notes = refused.map(
      ([{ number, bytes }, { message, expression }]) =>
        `${JSON.stringify({ line: number, reason: message, expression, content: bytes?.toString('utf8') })}\n`,
    );
    const { bytesWritten } = await refusals.write(Buffer.from(notes.join('')), 0, undefined, this.refusedBytes);
    this.refusedBytes += bytesWritten;
    this.summary.refused += refused.length;
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

/** Tells a file from another of the same name: its size and how it begins. */
async function fingerprintOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1 << 20), 0, 1 << 20, 0);
    return `${size}-${createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex')}`;
  } finally {
    await handle.close();
  }
}
