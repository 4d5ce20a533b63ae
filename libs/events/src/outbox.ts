import { Client, type Pool, type PoolClient } from 'pg';
import { EVENT_COLUMNS, EVENT_ROWS, eventColumns, type Event } from './event';
import { Gathering } from './gathering';

/** What both a pg client and a TypeORM entity manager can do. */
export interface Transaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

const INSERT = `INSERT INTO outbox (${EVENT_COLUMNS}) SELECT * FROM ${EVENT_ROWS}`;

/** When the relay looks for what was added to a transaction that has yet to commit: most take a moment, some a little longer. */
const LIKELY_COMMITTED_MS = [5, 40];

/**
 * Events that wait, in the service's own database, for the relay to carry them to the log.
 * An event of a change is added in the change's transaction; an event of its own is appended.
 */
export class Outbox {
  private onCommit: () => void = () => undefined;
  private readonly appended: Gathering<Event[], void>;

  constructor(pool: Pool) {
    this.appended = new Gathering(async (batch) => {
      await pool.query({ name: 'outbox-append', text: INSERT, values: eventColumns(batch.flat()) });
      this.onCommit();
      return batch.map((): void => undefined);
    }, 512);
  }

  /** Adds events to the caller's transaction: they leave if, and only if, it commits. */
  async add(tx: Transaction | PoolClient, events: Event[]): Promise<void> {
    if (events.length > 0) {
      const values = eventColumns(events);
      // prepared once a connection, where the transaction is the driver's own
      await (tx instanceof Client ? tx.query({ name: 'outbox-add', text: INSERT, values }) : tx.query(INSERT, values));
    }
    for (const ms of LIKELY_COMMITTED_MS) setTimeout(() => this.onCommit(), ms).unref();
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
