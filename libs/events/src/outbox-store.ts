import type { Pool, PoolClient } from 'pg';
import { EVENT_COLUMNS, eventOf, type Event, type EventRow } from './event';

/** What the relay needs of the database that holds the outbox. */
export interface OutboxStore {
  /** Lets one relay of the service at a time do its work. @returns whether this one had the turn */
  inTurn(work: (turn: OutboxTurn) => Promise<void>): Promise<boolean>;
}

/** Calls are answered one after the other, in the order in which they are made. */
export interface OutboxTurn {
  /** Committed rows, the oldest first, without those that are named. */
  oldest(limit: number, without: string[]): Promise<OutboxRow[]>;
  /** Takes rows off; the table itself counts them in the tally of their topics. */
  carried(rows: string[]): Promise<void>;
  /** Takes a row off and keeps it in `outbox_refused`, with the reason of the log. */
  setAside(row: string, refusal: string): Promise<void>;
}

export interface OutboxRow {
  row: string;
  event: Event;
}

/** Session lock: one replica relays, the others stand by. */
const TURN = `hashtext('outbox relay')`;

export class PostgresOutboxStore implements OutboxStore {
  constructor(private readonly pool: Pool) {}

  async inTurn(work: (turn: OutboxTurn) => Promise<void>): Promise<boolean> {
    const client = await this.pool.connect();
    const ignore = (): void => undefined; // the next query tells that the connection was lost
    client.on('error', ignore);
    let isMine = false;
    try {
      const { rows } = await client.query<{ mine: boolean }>(`SELECT pg_try_advisory_lock(${TURN}) AS mine`);
      isMine = rows[0]?.mine ?? false;
      if (isMine) await work(turnOf(client));
      return isMine;
    } catch (error) {
      isMine = true;
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(isMine); // closed, and with it the lock
    }
  }
}

const turnOf = (client: PoolClient): OutboxTurn => ({
  async oldest(limit, without) {
    const { rows } = await client.query<EventRow & { id: string }>({
      name: 'outbox-oldest',
      text: `SELECT id, ${EVENT_COLUMNS} FROM outbox WHERE id <> ALL($2::bigint[]) ORDER BY id LIMIT $1`,
      values: [limit, without],
    });
    return rows.map((row) => ({ row: row.id, event: eventOf(row) }));
  },
  async carried(rows) {
    await client.query({
      name: 'outbox-carried',
      text: 'DELETE FROM outbox WHERE id = ANY($1::bigint[])',
      values: [rows],
    });
  },
  async setAside(row, refusal) {
    await client.query({
      name: 'outbox-set-aside',
      text: `WITH gone AS (DELETE FROM outbox WHERE id = $1 RETURNING id, added_at, ${EVENT_COLUMNS})
        INSERT INTO outbox_refused (id, added_at, ${EVENT_COLUMNS}, refusal) SELECT gone.*, $2 FROM gone`,
      values: [row, refusal],
    });
  },
});
