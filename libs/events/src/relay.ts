import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { Bell } from './bell';
import { eventOf, type EventRow } from './event';
import type { EventLog } from './event-log';
import type { Outbox } from './outbox';

const BATCH = 1000;
/** Gathers a worthwhile batch: an event a time would cost a commit each on both sides. */
const GATHER_MS = 20;
const LOOK_AGAIN_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** Session lock in the service's database: one replica relays, the others stand by. */
const TURN = `hashtext('outbox relay')`;

const TAKE = `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ${BATCH})
  RETURNING id, event_id, topic, type, key, occurred_at, traceparent, payload, reason`;

/**
 * Carries outbox rows to the log, in order and in batches. A row leaves the outbox only after the log has it:
 * a crash in between sends it twice, never not at all, and the consumers' inbox drops the repeat.
 */
export class Relay {
  private running?: Promise<void>;
  private stopping = false;
  private readonly bell = new Bell();
  private pauseMs = 0;

  constructor(
    private readonly pool: Pool,
    private readonly outbox: Outbox,
    private readonly log: EventLog,
    private readonly report: { failed(error: Error): void; relayed(events: number): void },
  ) {}

  start(): void {
    this.outbox.whenCommitted(() => this.bell.ring());
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.bell.ring();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      let client: PoolClient | undefined;
      try {
        client = await this.pool.connect();
        const { rows } = await client.query<{ mine: boolean }>(`SELECT pg_try_advisory_lock(${TURN}) AS mine`);
        if (rows[0]?.mine) await this.relayWith(client);
        client.release(true);
        if (!this.stopping) await this.bell.wait(LOOK_AGAIN_MS);
      } catch (error) {
        client?.release(error as Error);
        this.report.failed(error as Error);
        this.pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(100, this.pauseMs * 2));
        await this.bell.wait(this.pauseMs);
      }
    }
  }

  private async relayWith(client: PoolClient): Promise<void> {
    let last = 0;
    while (!this.stopping || last > 0) {
      last = await this.relayBatch(client);
      this.pauseMs = 0;
      if (last < BATCH && !this.stopping) {
        await this.bell.wait(LOOK_AGAIN_MS);
        if (!this.stopping) await setTimeout(GATHER_MS);
      }
    }
  }

  /** @returns how many events were carried */
  private async relayBatch(client: PoolClient): Promise<number> {
    await client.query('BEGIN');
    const { rows } = await client.query<EventRow & { id: string }>({ name: 'outbox-take', text: TAKE });
    if (rows.length > 0) await this.log.append(rows.sort((a, b) => Number(a.id) - Number(b.id)).map(eventOf));
    await client.query('COMMIT');
    if (rows.length > 0) this.report.relayed(rows.length);
    return rows.length;
  }
}
