import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Fault } from '@carespine/fhir';
import { Database, isPassing, LOG, type Log } from '@carespine/service-kit';
import { BackgroundLoop } from '../background-loop';
import type { AccountWriter } from './account';
import type { Included } from './account-reading';
import { AccountSource, NotWhole } from './account-source';
import { HtmlWriter } from './html-writer';
import { JsonWriter } from './json-writer';
import { PdfWriter } from './pdf-writer';
import { REQUEST_COLUMNS, type Format, type RequestRow } from './request';

const PAGE = 200;
const LOOK_AGAIN_MS = 5000;
/** Work that stood still so long was left by a replica that ended, or waits for the log. */
const ABANDONED = `interval '30 seconds'`;
/** Then the officer is told that it failed. */
const ATTEMPTS = 4;
const NOT_WHOLE = 'The log does not prove that the list of accesses is whole: it has to be verified';

/** Makes the documents that answer requests, one request at a time, in the background. */
@Injectable()
export class Preparation implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    private readonly source: AccountSource,
    @Inject(LOG) log: Log,
  ) {
    this.loop = new BackgroundLoop('subject-access', LOOK_AGAIN_MS, (stopping) => this.workOn(stopping), log);
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.loop.stop();
  }

  ring(): void {
    this.loop.ring();
  }

  /** @returns whether there was something to do */
  private async workOn(stopping: AbortSignal): Promise<boolean> {
    const { rows } = await this.database.query<RequestRow>({
      text: `UPDATE subject_access_requests SET worked_at = now(), preparation = preparation + 1, attempts = attempts + 1, done = 0 WHERE reference = (
        SELECT reference FROM subject_access_requests WHERE status = 'preparing' AND worked_at < now() - ${ABANDONED} ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING ${REQUEST_COLUMNS}`,
    });
    const [request] = rows;
    if (!request) return false;
    try {
      await this.prepare(request, stopping);
    } catch (error) {
      // the log or the database may be back in a moment: that is no attempt
      const waits = isPassing(error) || (error instanceof Fault && error.status === 503);
      const isHopeless = error instanceof NotWhole;
      await this.database.query({
        text: `WITH failed AS (UPDATE subject_access_requests SET attempts = attempts - $3, status = CASE WHEN attempts - $3 >= $4 THEN 'failed' ELSE status END
            WHERE reference = $1 AND preparation = $2 AND status = 'preparing' RETURNING reference, status)
          INSERT INTO subject_access_history (reference, step, note) SELECT reference, 'failed', $5 FROM failed WHERE status = 'failed'`,
        values: [request.reference, request.preparation, waits ? 1 : 0, isHopeless ? 0 : ATTEMPTS, isHopeless ? NOT_WHOLE : null],
      });
      throw error;
    }
    return true;
  }

  private async prepare(request: RequestRow, stopping: AbortSignal): Promise<void> {
    for (const table of ['subject_access_parts', 'subject_access_shown']) await this.database.query({ text: `DELETE FROM ${table} WHERE reference = $1`, values: [request.reference] });
    const account = await this.source.of(request);
    if (!(await this.progress(request, 0, account.included.length))) return;
    const writers: Record<Format, AccountWriter> = { html: new HtmlWriter(), pdf: new PdfWriter(), json: new JsonWriter() };
    let part = 0;
    const keep = async (): Promise<void> => {
      const written = Object.entries(writers).map(([format, writer]) => ({ format, bytes: writer.drain() }));
      await this.database.query({
        text: `INSERT INTO subject_access_parts (reference, preparation, format, part, bytes) SELECT $1, $2, format, $3, bytes FROM unnest($4::text[], $5::bytea[]) AS written (format, bytes)`,
        values: [request.reference, request.preparation, part++, written.map(({ format }) => format), written.map(({ bytes }) => `\\x${bytes.toString('hex')}`)],
      });
    };
    const all = Object.values(writers);
    for (const writer of all) writer.begin(account.head);
    for (let at = 0; at < account.included.length; at += PAGE) {
      const page: Included[] = account.included.slice(at, at + PAGE);
      const shown = await account.read(page);
      for (const { access } of shown) for (const writer of all) writer.access(access);
      await this.database.query({
        text: 'INSERT INTO subject_access_shown (reference, preparation, number, event_id) SELECT $1, $2, * FROM unnest($3::int[], $4::uuid[])',
        values: [request.reference, request.preparation, shown.map(({ access }) => access.number), shown.map(({ id }) => id)],
      });
      await keep();
      if (stopping.aborted || !(await this.progress(request, at + page.length, account.included.length))) return;
    }
    const tail = account.tail();
    for (const writer of all) await writer.end(tail);
    await keep();
    const undecided = account.undecided();
    const isDecided = Object.keys(undecided).length === 0;
    await this.database.query({
      text: `WITH prepared AS (UPDATE subject_access_requests SET status = $4, accesses = $3, to_decide = $5, done = total
          WHERE reference = $1 AND preparation = $2 AND status = 'preparing' RETURNING reference)
        INSERT INTO subject_access_history (reference, step) SELECT reference, $6 FROM prepared`,
      values: [request.reference, request.preparation, tail.accesses, isDecided ? 'ready' : 'awaiting-decision', undecided, isDecided ? 'prepared' : 'held'],
    });
  }

  /** @returns whether the work is still wanted: something may have been decided meanwhile that asks for another document */
  private async progress({ reference, preparation }: RequestRow, done: number, total: number): Promise<boolean> {
    const { rowCount } = await this.database.query({
      text: `UPDATE subject_access_requests SET done = $3, total = $4, worked_at = now() WHERE reference = $1 AND preparation = $2 AND status = 'preparing'`,
      values: [reference, preparation, done, total],
    });
    return rowCount === 1;
  }
}
