import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { Bell } from './bell';
import type { ReceivedEvent } from './event';
import type { EventLog } from './event-log';
import type { Outbox } from './outbox';
import { deadLetterOf } from './topics';

/** Applies events within the given transaction; whatever it writes there happens exactly once. */
export type Apply = (events: ReceivedEvent[], tx: PoolClient) => Promise<void>;

export interface ConsumerReport {
  applied(topic: string, events: ReceivedEvent[]): void;
  retried(topic: string, error: Error): void;
  deadLettered(topic: string, error: Error): void;
}

const BATCH = 1000;
const GATHER_MS = 10;
const LOOK_AGAIN_MS = 500;
const ATTEMPTS = 4;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Reads one topic and applies each event once: the event's id goes into the inbox, and the place in the topic into
 * `consumer_offset`, in the transaction of the effect. A batch that fails is tried event by event; an event that keeps
 * failing goes to the topic's dead letter, and the rest goes on.
 */
export class Consumer {
  private readonly bell = new Bell();
  private stopping = false;
  private running?: Promise<void>;

  constructor(
    readonly topic: string,
    private readonly apply: Apply,
    private readonly log: EventLog,
    private readonly pool: Pool,
    private readonly outbox: Outbox,
    private readonly report: ConsumerReport,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** New events may have arrived. */
  ring(): void {
    this.bell.ring();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.bell.ring();
    await this.running;
  }

  private async run(): Promise<void> {
    let pauseMs = 50;
    while (!this.stopping) {
      try {
        const read = await this.applyNext();
        pauseMs = 50;
        if (read < BATCH && !this.stopping) {
          await this.bell.wait(LOOK_AGAIN_MS);
          if (!this.stopping) await setTimeout(GATHER_MS);
        }
      } catch (error) {
        this.report.retried(this.topic, error as Error);
        await this.bell.wait(pauseMs);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
    }
  }

  /** @returns how many events were read */
  private async applyNext(): Promise<number> {
    let batch: ReceivedEvent[] = [];
    try {
      return await this.inTurn(async (tx, after) => {
        batch = await this.log.read(this.topic, after, BATCH);
        await this.applyOnce(batch, tx);
        return batch;
      });
    } catch (error) {
      if (batch.length === 0) throw error;
      for (const event of batch) await this.applyAlone(event, error as Error);
      return batch.length;
    }
  }

  private async applyAlone(event: ReceivedEvent, reason: Error): Promise<void> {
    let lastError = reason;
    for (let attempt = 1; attempt <= ATTEMPTS && !this.stopping; attempt++) {
      try {
        await this.inTurn(async (tx, after) => {
          if (event.position > after) await this.applyOnce([event], tx);
          return event.position > after ? [event] : [];
        });
        return;
      } catch (error) {
        lastError = error as Error;
        this.report.retried(this.topic, lastError);
        await setTimeout(20 * 4 ** (attempt - 1));
      }
    }
    if (this.stopping) return;
    // a database that is down fails here too, and then nothing is given up: the event is read again
    await this.inTurn(async (tx, after) => {
      if (event.position <= after) return [];
      await this.outbox.add(tx, [{ ...event, topic: deadLetterOf(this.topic), reason: reasonOf(lastError) }]);
      return [event];
    });
    this.report.deadLettered(this.topic, lastError);
  }

  private async applyOnce(batch: ReceivedEvent[], tx: PoolClient): Promise<void> {
    if (batch.length === 0) return;
    const { rows } = await tx.query<{ event_id: string }>({
      name: 'inbox-add',
      text: 'INSERT INTO inbox (event_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id',
      values: [batch.map((event) => event.id)],
    });
    const unseen = new Set(rows.map((row) => row.event_id));
    const events = batch.filter((event) => unseen.delete(event.id));
    if (events.length > 0) await this.apply(events, tx);
  }

  /** Runs with the topic's offset locked, so that replicas of a service take turns, and moves it behind the events done. */
  private async inTurn(work: (tx: PoolClient, after: bigint) => Promise<ReceivedEvent[]>): Promise<number> {
    const tx = await this.pool.connect();
    try {
      await tx.query('BEGIN');
      const { rows } = await tx.query<{ position: string }>({
        name: 'offset-lock',
        text: 'SELECT position FROM consumer_offset WHERE topic = $1 FOR UPDATE',
        values: [this.topic],
      });
      if (!rows[0]) {
        await tx.query('INSERT INTO consumer_offset (topic, position) VALUES ($1, 0) ON CONFLICT DO NOTHING', [this.topic]);
        await tx.query('COMMIT');
        tx.release();
        return await this.inTurn(work);
      }
      const done = await work(tx, BigInt(rows[0].position));
      const last = done.at(-1);
      if (last) {
        await tx.query({
          name: 'offset-move',
          text: 'UPDATE consumer_offset SET position = $2 WHERE topic = $1',
          values: [this.topic, last.position.toString()],
        });
      }
      await tx.query('COMMIT');
      tx.release();
      if (done.length > 0) this.report.applied(this.topic, done);
      return done.length;
    } catch (error) {
      await tx.query('ROLLBACK').then(
        () => tx.release(),
        (broken: Error) => tx.release(broken),
      );
      throw error;
    }
  }
}

/** Name and code alone: a message may quote the data that it stumbled over. */
function reasonOf(error: Error): string {
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
}
