import type { Pool, PoolClient } from 'pg';
import type { Event } from './event';
import { inTransaction } from './in-transaction';
import type { Outbox } from './outbox';

/** What a consumer needs of the database that its effects are written to. */
export interface EffectStore<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Whether a transaction would find the database there, so that a failure is the event's own. */
  isUp(): Promise<boolean>;
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

  async isUp(): Promise<boolean> {
    return this.pool.query('SELECT pg_is_in_recovery() AS standby').then(
      ({ rows }) => (rows[0] as { standby: boolean }).standby === false,
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
