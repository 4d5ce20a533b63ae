import type { PoolClient } from 'pg';
import type { Event, ReceivedEvent } from './event';

/** What relay, consumers and operators need of a log. PostgreSQL and Kafka each are one. */
export interface EventLog {
  /** Durable when it resolves; keeps the given order of each key. May store an event twice after a failure. @throws EventRefused */
  append(events: Event[]): Promise<void>;
  /** Hands every event of the topics to `deliver`, from the service's place in them on; also while, and after, the log cannot be reached. */
  subscribe(topics: string[], deliver: Deliver<PoolClient>): Subscription;
  /** Everything that a topic holds, in the order of its partitions: for dead letters, which are few. */
  history(topic: string): Promise<ReceivedEvent[]>;
  /** How many events of each topic this service has yet to apply. */
  lag(topics: string[]): Promise<Map<string, number>>;
  close(): Promise<void>;
}

export interface Subscription {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Resolves when every event has had its effect or was put aside; rejects when that has to be found out by handing the events out again. */
export type Deliver<Tx> = (delivery: Delivery<Tx>) => Promise<void>;

/** Events of one topic, in order. */
export interface Delivery<Tx> {
  topic: string;
  events: ReceivedEvent[];
  /** Aborted when these events are no longer this consumer's to apply. */
  signal: AbortSignal;
  /** Called in the transaction of the effects, by a log that may hand out again what was applied long ago. @returns what has yet to be applied */
  unapplied?(tx: Tx, events: ReceivedEvent[]): Promise<ReceivedEvent[]>;
  /** Called in the transaction of the effects, with the last event it covers, by a log that keeps places in the consumer's database. @throws TurnLost */
  within?(tx: Tx, last: ReceivedEvent): Promise<void>;
  /** Called when that transaction has committed. */
  done?(last: ReceivedEvent): void;
}

/** Another replica has gone on with these events. */
export class TurnLost extends Error {
  override readonly name = 'TurnLost';
}

/** The log will never take one of the events. The message says why, without personal data. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
}
