import type { Pool, PoolClient } from 'pg';
import type { Event } from './event';

/** What both a pg client and a TypeORM entity manager can do. */
export interface Transaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

const INSERT = `INSERT INTO outbox (event_id, topic, type, key, occurred_at, traceparent, payload, reason)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[], $8::text[])`;

/** More than this in one statement gains nothing and delays the first. */
const LARGEST_BATCH = 512;

interface Waiting {
  events: Event[];
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * Events that wait, in the service's own database, for the relay to carry them to the log.
 * An event of a change is added in the change's transaction; an event of its own is appended.
 */
export class Outbox {
  private waiting: Waiting[] = [];
  private flushing = false;
  private onCommit: () => void = () => undefined;

  constructor(private readonly pool: Pool) {}

  /** Adds events to the caller's transaction: they leave if, and only if, it commits. */
  async add(tx: Transaction | PoolClient, events: Event[]): Promise<void> {
    if (events.length > 0) await tx.query(INSERT, columns(events));
    // the relay looks again in a moment: the transaction has yet to commit
    setTimeout(this.onCommit, 5).unref();
  }

  /**
   * Resolves when the events are durable. Calls that arrive while a commit is under way share the next one,
   * so that a busy service pays one commit for many.
   */
  append(events: Event[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ events, resolve, reject });
      if (!this.flushing) {
        this.flushing = true;
        setImmediate(() => void this.flush());
      }
    });
  }

  /** The relay's ear. */
  whenCommitted(listener: () => void): void {
    this.onCommit = listener;
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, LARGEST_BATCH);
      try {
        await this.pool.query({ name: 'outbox-append', text: INSERT, values: columns(batch.flatMap((one) => one.events)) });
        for (const one of batch) one.resolve();
        this.onCommit();
      } catch (error) {
        for (const one of batch) one.reject(error as Error);
      }
    }
    this.flushing = false;
  }
}

function columns(events: Event[]): unknown[] {
  return [
    events.map((event) => event.id),
    events.map((event) => event.topic),
    events.map((event) => event.type),
    events.map((event) => event.key),
    events.map((event) => event.occurredAt.toISOString()),
    events.map((event) => event.traceparent),
    events.map((event) => `\\x${Buffer.from(event.payload.buffer, event.payload.byteOffset, event.payload.byteLength).toString('hex')}`),
    events.map((event) => event.reason ?? null),
  ];
}

export { columns as eventColumns };
