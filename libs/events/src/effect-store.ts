import type { Pool, PoolClient } from 'pg';
import type { Event } from './event';
import { inTransaction } from './in-transaction';
import { isPassing } from './is-passing';
import type { Outbox } from './outbox';

/** What a consumer needs of the database that its effects are written to. */
export interface EffectStore<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Whether a failure would come again: the database is there, and it was neither a lock, a time limit nor a connection. */
  isLasting(failure: Error): Promise<boolean>;
  /** Enters ids into the inbox. Waits for a transaction that is entering the same. @returns those that were not there */
  enter(tx: Tx, ids: string[]): Promise<Set<string>>;
  isEntered(tx: Tx, id: string): Promise<boolean>;
  /** Sends a dead letter, if the transaction commits. */
  putAside(tx: Tx, letter: Event): Promise<void>;
}

export class PostgresEffectStore implements EffectStore<PoolClient> {
  constructor(
    private readonly pool: Pool,
    private readonly outbox: Outbox,
  ) {}

  transaction<T>(work: (tx: PoolClient) => Promise<T>): Promise<T> {
    return inTransaction(this.pool, work);
  }

  async isLasting(failure: Error): Promise<boolean> {
    if (isPassing(failure)) return false;
    return this.pool.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby').then(
      ({ rows }) => rows[0]?.standby === false,
      () => false,
    );
  }

  async enter(tx: PoolClient, ids: string[]): Promise<Set<string>> {
    const { rows } = await tx.query<{ event_id: string }>({
      name: 'inbox-enter',
      text: 'INSERT INTO inbox (event_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id',
      values: [ids],
    });
    return new Set(rows.map((row) => row.event_id));
  }

  async isEntered(tx: PoolClient, id: string): Promise<boolean> {
    return (await tx.query('SELECT FROM inbox WHERE event_id = $1', [id])).rowCount === 1;
  }

  putAside(tx: PoolClient, letter: Event): Promise<void> {
    return this.outbox.add(tx, [letter]);
  }
}
