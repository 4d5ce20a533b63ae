import { Client, Pool, type PoolClient } from 'pg';
import { EVENT_COLUMNS, EVENT_ROWS, eventColumns, eventOf, type Event, type EventRow, type ReceivedEvent } from './event';
import type { Deliver, EventLog, Subscription } from './event-log';
import { Polling, type Pollable } from './polling';
import { SteadyClient } from './steady-client';
import { ALL_TOPICS } from './topics';

const SCHEMA = `
CREATE SEQUENCE IF NOT EXISTS event_log_position AS bigint;
CREATE TABLE IF NOT EXISTS event_log (
  topic text NOT NULL,
  position bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  occurred_at timestamptz NOT NULL,
  traceparent text NOT NULL,
  payload bytea NOT NULL,
  reason text,
  appended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT event_log_pkey PRIMARY KEY (topic, position)
) PARTITION BY LIST (topic);
ALTER TABLE event_log ADD COLUMN IF NOT EXISTS consumer text;
${ALL_TOPICS.map((topic) => `CREATE TABLE IF NOT EXISTS "${topic}" PARTITION OF event_log FOR VALUES IN ('${topic}');`).join('\n')}
`;

/** Makes the log's tables, as its owner; safe to run again and from several services at once. */
export async function migratePostgresEventLog(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtext('event_log schema'))`);
    await client.query(SCHEMA);
  } finally {
    await client.end();
  }
}

/** Session lock in the service's database: one replica consumes, the others stand by. */
const TURN = `hashtext('event consumer')`;
/** A lag is counted up to here: to count millions takes time, and says no more. */
const LARGEST_LAG = 100_000;
const LISTEN_AGAIN_MS = 1000;
/** Then the connection is taken for dead: a machine that is gone closes nothing. */
const LONGEST_QUERY_MS = 30_000;

type LoggedRow = EventRow & { position: string; appended_at: Date };
const READ = `SELECT position, appended_at, ${EVENT_COLUMNS} FROM event_log WHERE topic = $1 AND position > $2 ORDER BY position`;

/**
 * The log as an append-only table, one partition a topic, in a database of its own.
 * Appends to a topic take turns, so positions become visible in order and no reader can pass one that is still uncommitted.
 * A consumer's places stand in the consumer's own database.
 */
export class PostgresEventLog implements EventLog {
  private readonly pool: Pool;
  private readonly subscriptions = new Set<Polling<PoolClient>>();
  private listening?: Client;
  private closed = false;

  /**
   * @param own the service's database, where its places are kept; without one, as for operators, nothing can be subscribed to
   * @param failed told when reading fails; it goes on by itself
   */
  constructor(
    private readonly url: string,
    private readonly own?: Pool,
    private readonly failed: (topic: string, error: Error) => void = () => undefined,
    applicationName = 'carespine',
  ) {
    this.pool = new Pool({
      ...{ connectionString: url, max: 4, application_name: applicationName, Client: SteadyClient },
      ...{ connectionTimeoutMillis: 3000, query_timeout: LONGEST_QUERY_MS, keepAlive: true },
    });
    this.pool.on('error', () => undefined); // an idle connection was lost; the next query makes another
  }

  async append(events: Event[]): Promise<void> {
    if (events.length === 0) return;
    const topics = [...new Set(events.map((event) => event.topic))].sort();
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query({
        name: 'event-log-turn',
        text: `SELECT pg_advisory_xact_lock(hashtext(topic)) FROM (SELECT unnest($1::text[]) AS topic ORDER BY 1) AS topics`,
        values: [topics],
      });
      await client.query({
        name: 'event-log-append',
        text: `INSERT INTO event_log (${EVENT_COLUMNS}, position) SELECT event.*, nextval('event_log_position') FROM ${EVENT_ROWS} AS event`,
        values: eventColumns(events),
      });
      await client.query({ name: 'event-log-tell', text: `SELECT pg_notify('event_log', topic) FROM unnest($1::text[]) AS topic`, values: [topics] });
      await client.query('COMMIT');
      client.release();
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  }

  subscribe(topics: string[], deliver: Deliver<PoolClient>): Subscription {
    if (!this.own) throw new Error('a log without a database of the consumer cannot be subscribed to');
    const polling = new Polling(topics, pollable(this.pool, this.own), deliver, this.failed);
    this.subscriptions.add(polling);
    if (!this.listening) void this.listen();
    return {
      stop: async () => {
        this.subscriptions.delete(polling);
        await polling.stop();
      },
    };
  }

  async history(topic: string): Promise<ReceivedEvent[]> {
    const { rows } = await this.pool.query<LoggedRow>(READ, [topic, 0]);
    return rows.map(receivedOf);
  }

  async lag(topics: string[]): Promise<Map<string, number>> {
    const { rows: places } = await (this.own ?? this.pool).query<{ topic: string; position: string }>(
      'SELECT topic, position FROM consumer_offset WHERE topic = ANY($1)',
      [topics],
    );
    const { rows } = await this.pool.query<{ topic: string; lag: number }>(
      `SELECT topic, (SELECT count(*)::int FROM (SELECT FROM event_log WHERE event_log.topic = place.topic AND position > place.position LIMIT ${LARGEST_LAG}) AS behind) AS lag
       FROM unnest($1::text[], $2::bigint[]) AS place (topic, position)`,
      [topics, topics.map((topic) => places.find((place) => place.topic === topic)?.position ?? 0)],
    );
    return new Map(rows.map(({ topic, lag }) => [topic, lag]));
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.subscriptions].map((polling) => polling.stop()));
    await this.listening?.end().catch(() => undefined);
    await this.pool.end();
  }

  /** Listens on a connection of its own, and makes a new one when it is lost; subscriptions also look by themselves now and then. */
  private async listen(): Promise<void> {
    if (this.closed) return;
    const client = (this.listening = new Client({ connectionString: this.url, connectionTimeoutMillis: 3000, keepAlive: true }));
    client.on('notification', ({ payload }) => {
      for (const polling of this.subscriptions) polling.ring(payload ?? '');
    });
    client.once('error', () => {
      client.on('error', () => undefined);
      void client.end().catch(() => undefined);
      setTimeout(() => void this.listen(), LISTEN_AGAIN_MS).unref();
    });
    try {
      await client.connect();
      await client.query('LISTEN event_log');
    } catch (error) {
      client.emit('error', error as Error);
    }
  }
}

const receivedOf = (row: LoggedRow): ReceivedEvent => ({ ...eventOf(row), partition: 0, position: BigInt(row.position), appendedAt: row.appended_at });

const pollable = (log: Pool, own: Pool): Pollable<PoolClient> => ({
  async inTurn(work) {
    const client = await own.connect();
    const lost = new AbortController();
    const lose = (): void => lost.abort(new Error('the connection that held the turn was lost'));
    client.once('end', lose).on('error', lose);
    let isMine = false;
    try {
      const { rows } = await client.query<{ mine: boolean }>(`SELECT pg_try_advisory_lock(${TURN}) AS mine`);
      isMine = rows[0]?.mine ?? false;
      if (isMine) await work(lost.signal);
      return isMine;
    } catch (error) {
      isMine = true;
      throw error;
    } finally {
      client.off('end', lose).off('error', lose);
      client.release(isMine); // closed, and with it the lock
    }
  },
  async read(topic, after, limit) {
    const { rows } = await log.query<LoggedRow>({ name: 'event-log-read', text: `${READ} LIMIT $3`, values: [topic, after.toString(), limit] });
    return rows.map(receivedOf);
  },
  async place(topic) {
    await own.query('INSERT INTO consumer_offset (topic, position) VALUES ($1, 0) ON CONFLICT DO NOTHING', [topic]);
    const { rows } = await own.query<{ position: string }>('SELECT position FROM consumer_offset WHERE topic = $1', [topic]);
    return BigInt(rows[0]?.position ?? 0);
  },
  async move(tx, topic, from, to) {
    const moved = await tx.query({
      name: 'place-move',
      text: 'UPDATE consumer_offset SET position = $3 WHERE topic = $1 AND position = $2',
      values: [topic, from.toString(), to.toString()],
    });
    return moved.rowCount === 1;
  },
});
