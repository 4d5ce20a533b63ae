import { Client, type Pool } from 'pg';
import { deadLetterOf, TOPICS } from './topics';
import { eventColumns } from './outbox';
import { eventOf, type Event, type EventRow, type ReceivedEvent } from './event';

/** What relay and consumers need of a log. PostgreSQL and Kafka each are one. */
export interface EventLog {
  /** Durable when it resolves; keeps the given order within each topic. May store an event twice after a crash. */
  append(events: Event[]): Promise<void>;
  /** Up to `limit` events of the topic behind the position, oldest first. */
  read(topic: string, after: bigint, limit: number): Promise<ReceivedEvent[]>;
  /** The newest position of a topic; 0 when it is empty. */
  newest(topic: string): Promise<bigint>;
  /** Calls back when events may have arrived. */
  onArrival(listener: (topic: string) => void): Promise<void>;
  close(): Promise<void>;
}

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
${TOPICS.flatMap((topic) => [topic, deadLetterOf(topic)])
  .map((topic) => `CREATE TABLE IF NOT EXISTS "${topic}" PARTITION OF event_log FOR VALUES IN ('${topic}');`)
  .join('\n')}
`;

/** Makes the log's tables, as its owner; safe to run again and from several services at once. */
export async function migrateEventLog(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtext('event_log schema'))`);
    await client.query(SCHEMA);
  } finally {
    await client.end();
  }
}

/**
 * The log as an append-only table, one partition a topic, in a database of its own.
 * Appends to a topic take turns, so positions become visible in order and no reader can pass one that is still uncommitted.
 */
export class PostgresEventLog implements EventLog {
  private listening?: Client;
  private closed = false;

  constructor(
    private readonly pool: Pool,
    private readonly url: string,
  ) {}

  async append(events: Event[]): Promise<void> {
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
        text: `INSERT INTO event_log (event_id, topic, type, key, occurred_at, traceparent, payload, reason, position)
          SELECT event.*, nextval('event_log_position')
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[], $8::text[]) AS event`,
        values: eventColumns(events),
      });
      for (const topic of topics) await client.query(`SELECT pg_notify('event_log', $1)`, [topic]);
      await client.query('COMMIT');
      client.release();
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  }

  async read(topic: string, after: bigint, limit: number): Promise<ReceivedEvent[]> {
    const { rows } = await this.pool.query<EventRow & { position: string }>({
      name: 'event-log-read',
      text: `SELECT position, event_id, topic, type, key, occurred_at, traceparent, payload, reason FROM event_log
        WHERE topic = $1 AND position > $2 ORDER BY position LIMIT $3`,
      values: [topic, after.toString(), limit],
    });
    return rows.map((row) => ({ ...eventOf(row), position: BigInt(row.position) }));
  }

  async newest(topic: string): Promise<bigint> {
    const { rows } = await this.pool.query<{ newest: string }>(
      'SELECT coalesce(max(position), 0) AS newest FROM event_log WHERE topic = $1',
      [topic],
    );
    return BigInt(rows[0]?.newest ?? 0);
  }

  /** Listens on a connection of its own, and makes a new one when it is lost; consumers also look by themselves now and then. */
  async onArrival(listener: (topic: string) => void): Promise<void> {
    if (this.closed) return;
    const client = new Client({ connectionString: this.url });
    client.on('notification', ({ payload }) => listener(payload ?? ''));
    client.on('error', () => {
      void client.end().catch(() => undefined);
      setTimeout(() => void this.onArrival(listener), 1000).unref();
    });
    try {
      await client.connect();
      await client.query('LISTEN event_log');
      this.listening = client;
    } catch (error) {
      client.emit('error', error as Error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.listening?.end().catch(() => undefined);
    await this.pool.end();
  }
}
