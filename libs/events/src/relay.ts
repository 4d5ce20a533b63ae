import { allDone } from './all-done';
import { Bell } from './bell';
import { sleep, systemClock, type Clock } from './clock';
import type { Event } from './event';
import { EventRefused, type EventLog } from './event-log';
import type { OutboxRow, OutboxStore, OutboxTurn } from './outbox-store';

const BATCH = 1000;
/** Between the beginnings of two batches that are not full: an event a time would cost a commit each on both sides. */
const SPACING_MS = 15;
const LOOK_AGAIN_MS = 200;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export interface RelayReport {
  failed(error: Error): void;
  relayed(events: number): void;
  /** The log will never take the event; it is kept beside the outbox. */
  refused(event: Event, error: Error): void;
}

/**
 * Carries outbox rows to the log, in order and in batches. A row leaves the outbox only after the log has it: a crash in between sends
 * it twice, never not at all, and the consumers' inbox drops the repeat. No batch is appended before the one in front of it is
 * acknowledged, so of each event's first copies none overtakes another. An event that the log will never take stands in nobody's way: it is set aside.
 */
export class Relay {
  private running?: Promise<void>;
  private readonly stopping = new AbortController();
  private pauseMs = SHORTEST_PAUSE_MS;
  private readonly bell: Bell;

  constructor(
    private readonly store: OutboxStore,
    private readonly log: Pick<EventLog, 'append'>,
    private readonly report: RelayReport,
    private readonly clock: Clock = systemClock,
    private readonly batchSize = BATCH,
  ) {
    this.bell = new Bell(clock);
  }

  start(): void {
    this.running = this.run();
  }

  /** Events may have come into the outbox. */
  ring(): void {
    this.bell.ring();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.bell.ring();
    await this.running;
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      try {
        await this.store.inTurn((turn) => this.carry(turn));
        if (!this.isStopping) await this.bell.wait(LOOK_AGAIN_MS);
      } catch (error) {
        this.report.failed(error as Error);
        await sleep(this.clock, this.pauseMs, this.stopping.signal);
        this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
      }
    }
  }

  /** Until the relay is stopped: then the batch in hand is the last. While the log writes a batch, the next is fetched and the last one taken off. */
  private async carry(turn: OutboxTurn): Promise<void> {
    let batch = await turn.oldest(this.batchSize, []);
    let takenOff: Promise<void> | undefined;
    for (;;) {
      const begun = this.clock.now();
      let next: OutboxRow[] = [];
      if (batch.length > 0) {
        const inHand = batch.map(({ row }) => row);
        const fetched = batch.length === this.batchSize ? turn.oldest(this.batchSize, inHand) : [];
        const [following, rows] = await allDone([fetched, this.append(batch, turn), takenOff]);
        next = following;
        takenOff = turn.carried(rows);
        takenOff.catch(() => undefined); // it is awaited with the next batch
        this.report.relayed(rows.length);
        this.pauseMs = SHORTEST_PAUSE_MS;
      }
      if (this.isStopping) return takenOff;
      if (next.length === 0) {
        await takenOff;
        if (batch.length < this.batchSize) {
          await this.bell.wait(LOOK_AGAIN_MS);
          await sleep(this.clock, begun + SPACING_MS - this.clock.now());
        }
        next = await turn.oldest(this.batchSize, []);
      }
      batch = next;
    }
  }

  /** @returns rows that the log has */
  private async append(batch: OutboxRow[], turn: OutboxTurn): Promise<string[]> {
    try {
      await this.log.append(batch.map(({ event }) => event));
      return batch.map(({ row }) => row);
    } catch (error) {
      if (!(error instanceof EventRefused)) throw error;
      const [first] = batch as [OutboxRow];
      if (batch.length === 1) {
        await turn.setAside(first.row, error.message);
        this.report.refused(first.event, error);
        return [];
      }
      const carried: string[] = [];
      for (const one of batch) carried.push(...(await this.append([one], turn)));
      return carried;
    }
  }
}
