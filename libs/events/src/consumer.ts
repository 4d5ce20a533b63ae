import type { PoolClient } from 'pg';
import { sleep, systemClock, type Clock } from './clock';
import type { EffectStore } from './effect-store';
import { LARGEST_PAYLOAD, type Event, type ReceivedEvent } from './event';
import { TurnLost, type Delivery } from './event-log';
import { deadLetterOf } from './topics';

/** Applies events within the given transaction; whatever it writes there happens exactly once. */
export type Apply<Tx = PoolClient> = (events: ReceivedEvent[], tx: Tx) => Promise<void>;

export interface ConsumerReport {
  applied(topic: string, events: ReceivedEvent[]): void;
  /** Events could not be applied, and it was their own failure. */
  retried(topic: string, error: Error): void;
  /** The database or the log was not there, or gave up: it is waited for. */
  awaited(topic: string, error: Error): void;
  deadLettered(topic: string, error: Error): void;
}

/** Of a transaction: more would hold its locks for long and gain nothing. */
const BATCH = 1000;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Applies each event once, whichever log hands it out: its id goes into the inbox in the transaction of the effect. A batch that fails
 * is halved until the event that fails stands alone; if it keeps failing it goes to the topic's dead letter, and the rest goes on.
 * A connection, a lock or a time limit is no event's failure: it is waited for.
 */
export class Consumer<Tx = PoolClient> {
  /** @param service whose effects these are; a replay of another's dead letter is passed by */
  constructor(
    private readonly service: string,
    private readonly handlers: ReadonlyMap<string, Apply<Tx>>,
    private readonly store: EffectStore<Tx>,
    private readonly report: ConsumerReport,
    private readonly clock: Clock = systemClock,
    private readonly batchSize = BATCH,
  ) {}

  /** @throws the signal's reason when it is aborted; {@link TurnLost} */
  async deliver(delivery: Delivery<Tx>): Promise<void> {
    for (let i = 0; i < delivery.events.length; i += this.batchSize) await this.applyAll(delivery.events.slice(i, i + this.batchSize), delivery);
  }

  private async applyAll(events: ReceivedEvent[], delivery: Delivery<Tx>): Promise<void> {
    const failure = await this.attempt(events, delivery, (tx) => this.applyOnce(events, delivery, tx));
    if (!failure) return this.report.applied(delivery.topic, events);
    const [event] = events as [ReceivedEvent];
    if (events.length === 1) return this.applyAlone(event, failure, delivery);
    const half = Math.ceil(events.length / 2);
    await this.applyAll(events.slice(0, half), delivery);
    await this.applyAll(events.slice(half), delivery);
  }

  private async applyAlone(event: ReceivedEvent, failure: Error, delivery: Delivery<Tx>): Promise<void> {
    let last = failure;
    for (let attempt = 1; attempt < ATTEMPTS && !(last instanceof NoEvent); attempt++) {
      await sleep(this.clock, FIRST_PAUSE_MS * 4 ** (attempt - 1), delivery.signal);
      const again = await this.attempt([event], delivery, (tx) => this.applyOnce([event], delivery, tx));
      if (!again) return this.report.applied(delivery.topic, [event]);
      last = again;
    }
    let isPutAside = false;
    const trouble = await this.attempt([event], delivery, async (tx) => {
      isPutAside = !(await this.store.isEntered(tx, event.id));
      if (isPutAside) await this.store.putAside(tx, this.letterOf(event, delivery.topic, last));
    });
    if (trouble) throw trouble;
    if (isPutAside) this.report.deadLettered(delivery.topic, last);
  }

  /** A payload that only another than us can have put there, as no log takes it from us, stays where it is. */
  private letterOf(event: ReceivedEvent, topic: string, failure: Error): Event {
    const letter = { ...event, topic: deadLetterOf(topic), reason: event.reason ?? reasonOf(failure), consumer: this.service };
    const { byteLength } = event.payload;
    if (byteLength <= LARGEST_PAYLOAD) return letter;
    return { ...letter, type: '', payload: new Uint8Array(), reason: `${letter.reason}; ${byteLength} bytes at ${topic}/${event.partition}/${event.position}` };
  }

  /**
   * Does the work in a transaction that moves the log's place behind the events. What passes is waited for, with several events by trying
   * fewer: a time limit may be too short for all of them.
   *
   * @returns why it failed
   */
  private async attempt(events: ReceivedEvent[], delivery: Delivery<Tx>, work: (tx: Tx) => Promise<void>): Promise<Error | undefined> {
    const last = events.at(-1) as ReceivedEvent;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      delivery.signal.throwIfAborted();
      try {
        await this.store.transaction(async (tx) => {
          await work(tx);
          await delivery.within?.(tx, last);
        });
      } catch (error) {
        if (error instanceof TurnLost) throw error;
        const failure = error as Error;
        const isLasting = await this.store.isLasting(failure);
        if (isLasting) this.report.retried(delivery.topic, failure);
        else this.report.awaited(delivery.topic, failure);
        if (isLasting || events.length > 1) return failure;
        await sleep(this.clock, pauseMs, delivery.signal);
        continue;
      }
      delivery.done?.(last);
      return undefined;
    }
  }

  private async applyOnce(events: ReceivedEvent[], { topic, unapplied }: Delivery<Tx>, tx: Tx): Promise<void> {
    const left = unapplied ? await unapplied(tx, events) : events;
    const ours = left.filter(({ consumer }) => consumer === undefined || consumer === this.service);
    if (ours.some(({ reason }) => reason !== undefined)) throw new NoEvent();
    if (ours.length === 0) return;
    const unseen = await this.store.enter(
      tx,
      ours.map(({ id }) => id),
    );
    const fresh = ours.filter(({ id }) => unseen.delete(id));
    if (fresh.length > 0) await this.handlers.get(topic)?.(fresh, tx);
  }
}

/** A message that the log could not read as an event. */
class NoEvent extends Error {
  override readonly name = 'NoEvent';
}

/** Name and code alone: a message may quote the data that it stumbled over. */
function reasonOf(error: Error): string {
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
}
