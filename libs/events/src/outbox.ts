import type { Pool, PoolClient } from 'pg';
import type { Event } from './event';
import { Gathering } from './gathering';

/** What both a pg client and a TypeORM entity manager can do. */
export interface Transaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

const INSERT = `INSERT INTO outbox (event_id, topic, type, key, occurred_at, traceparent, payload, reason)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[], $8::text[])`;

/**
 * Events that wait, in the service's own database, for the relay to carry them to the log.
 * An event of a change is added in the change's transaction; an event of its own is appended.
 */
export class Outbox {
  private onCommit: () => void = () => undefined;
  private readonly appended: Gathering<Event[], void>;

  constructor(pool: Pool) {
    this.appended = new Gathering(async (batch) => {
      await pool.query({ name: 'outbox-append', text: INSERT, values: columns(batch.flat()) });
      this.onCommit();
      return batch.map((): void => undefined);
    }, 512);
  }

  /** Adds events to the caller's transaction: they leave if, and only if, it commits. */
  async add(tx: Transaction | PoolClient, events: Event[]): Promise<void> {
    if (events.length > 0) await tx.query(INSERT, columns(events));
    // the relay looks again in a moment: the transaction has yet to commit
    setTimeout(this.onCommit, 5).unref();
  }

  /** Resolves when the events are durable; calls that come together share a commit. */
  append(events: Event[]): Promise<void> {
    return this.appended.add(events);
  }

  /** The relay's ear. */
  whenCommitted(listener: () => void): void {
    this.onCommit = listener;
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
