import { allDone } from './all-done';
import { Bell } from './bell';
import { sleep, systemClock, type Clock } from './clock';
import type { ReceivedEvent } from './event';
import { TurnLost, type Deliver, type Subscription } from './event-log';

const BATCH = 1000;
/** Between the beginnings of two batches that are not full. */
const SPACING_MS = 8;
const LOOK_AGAIN_MS = 200;
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** A log that is read by position, and the places of its consumer. */
export interface Pollable<Tx> {
  /** Lets one replica of the service at a time do its work. @returns whether this one had the turn */
  inTurn(work: (lost: AbortSignal) => Promise<void>): Promise<boolean>;
  /** Up to `limit` events of the topic behind the position, oldest first. */
  read(topic: string, after: bigint, limit: number): Promise<ReceivedEvent[]>;
  place(topic: string): Promise<bigint>;
  /** @returns false, having done nothing, when the place is not `from` any more */
  move(tx: Tx, topic: string, from: bigint, to: bigint): Promise<boolean>;
}

/**
 * Reads topics and hands out what is new. The place in a topic moves in the transaction of the effect, and only from where this replica
 * took it up: one that has lost its turn unknowingly can do nothing. The next batch is read while one is applied.
 */
export class Polling<Tx> implements Subscription {
  private readonly stopping = new AbortController();
  private readonly bells: Map<string, Bell>;
  private readonly running: Promise<void>;

  constructor(
    topics: string[],
    private readonly log: Pollable<Tx>,
    private readonly deliver: Deliver<Tx>,
    private readonly failed: (topic: string, error: Error) => void,
    private readonly clock: Clock = systemClock,
    private readonly batchSize = BATCH,
  ) {
    this.bells = new Map(topics.map((topic) => [topic, new Bell(clock)]));
    this.running = this.run(topics);
  }

  /** Events of the topic may have arrived. */
  ring(topic: string): void {
    this.bells.get(topic)?.ring();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped'));
    for (const bell of this.bells.values()) bell.ring();
    await this.running;
  }

  private async run(topics: string[]): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.log
        .inTurn(async (lost) => {
          const turn = AbortSignal.any([signal, lost]);
          await Promise.all(topics.map((topic) => this.follow(topic, turn)));
        })
        .catch((error: Error) => this.failed(topics[0] ?? '', error));
      await sleep(this.clock, LOOK_AGAIN_MS, signal);
    }
  }

  private async follow(topic: string, turn: AbortSignal): Promise<void> {
    for (let pauseMs = SHORTEST_PAUSE_MS; !turn.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      try {
        await this.handOut(topic, turn, () => (pauseMs = SHORTEST_PAUSE_MS));
      } catch (error) {
        if (turn.aborted) return;
        if (!(error instanceof TurnLost)) this.failed(topic, error as Error);
        await sleep(this.clock, pauseMs, turn);
      }
    }
  }

  private async handOut(topic: string, turn: AbortSignal, goesWell: () => void): Promise<void> {
    let place = await this.log.place(topic);
    let batch: ReceivedEvent[] = [];
    while (!turn.aborted) {
      const begun = this.clock.now();
      if (batch.length === 0) batch = await this.log.read(topic, place, this.batchSize);
      let next: ReceivedEvent[] = [];
      const last = batch.at(-1);
      if (last) {
        const delivery = {
          ...{ topic, events: batch, signal: turn },
          within: async (tx: Tx, upTo: ReceivedEvent): Promise<void> => {
            if (!(await this.log.move(tx, topic, place, upTo.position))) throw new TurnLost();
          },
          done: (upTo: ReceivedEvent): void => void (place = upTo.position),
        };
        const ahead = batch.length === this.batchSize ? this.log.read(topic, last.position, this.batchSize) : [];
        [next] = await allDone([ahead, this.deliver(delivery)]);
      }
      goesWell();
      if (batch.length < this.batchSize && !turn.aborted) {
        await this.bells.get(topic)?.wait(LOOK_AGAIN_MS);
        await sleep(this.clock, begun + SPACING_MS - this.clock.now(), turn);
      }
      batch = next;
    }
  }
}
