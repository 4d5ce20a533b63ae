import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { PoolClient } from 'pg';
import { sleep, systemClock } from './clock';
import type { Deliver, Subscription } from './event-log';
import { HEARTBEAT_MS, SESSION_TIMEOUT_MS, SILENCE_MS, withinTime, type KafkaSettings } from './kafka-client';
import { receivedOf } from './kafka-message';
import { movePlace, unapplied } from './kafka-places';
import { prepareKafkaTopics } from './kafka-topics';

/** Longest that a member waits for the others when a group gathers anew. */
const REBALANCE_TIMEOUT_MS = 15_000;
const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Consumes as a member of the group, and joins it anew whatever may have ended that. */
export class KafkaSubscription implements Subscription {
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings & { topics: string[]; group: string },
    private readonly deliver: Deliver<PoolClient>,
    private readonly failed: (topic: string, error: Error) => void,
  ) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped'));
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let pauseMs = SHORTEST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await this.consume(() => (pauseMs = SHORTEST_PAUSE_MS));
      } catch (error) {
        if (signal.aborted) return;
        this.failed(this.settings.topics[0] ?? '', error as Error);
        await sleep(systemClock, pauseMs, signal);
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      }
    }
  }

  /** Until the subscription is stopped; rejects when the member is broken. */
  private async consume(goesWell: () => void): Promise<void> {
    const { signal } = this.stopping;
    await unlessAborted(prepareKafkaTopics(this.settings), signal);
    const { topics, group } = this.settings;
    const consumer = this.kafka.consumer({
      ...{ groupId: group, sessionTimeout: SESSION_TIMEOUT_MS, rebalanceTimeout: REBALANCE_TIMEOUT_MS, heartbeatInterval: HEARTBEAT_MS },
      ...{ minBytes: 1, maxWaitTimeInMs: 250, maxBytesPerPartition: 1_048_576 },
      retry: { initialRetryTime: 100, retries: 5, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(false) }, // we start anew ourselves
    });
    const member = new AbortController();
    const stop = (): void => member.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const silence = watch(consumer, member);
    try {
      await unlessAborted(consumer.connect(), member.signal);
      await unlessAborted(consumer.subscribe({ topics, fromBeginning: true }), member.signal);
      await consumer.run({
        autoCommit: true, // behind each batch, what is resolved
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.settings.partitions,
        eachBatch: async (payload) => {
          await this.handOut(payload, member.signal);
          goesWell();
        },
      });
      await unlessAborted(new Promise(() => undefined), member.signal);
    } finally {
      clearInterval(silence);
      signal.removeEventListener('abort', stop);
      member.abort(new Error('this member of the group is given up'));
      await withinTime(consumer.disconnect().catch(() => undefined));
    }
  }

  /** Heartbeats go on while the effects take their time, or wait for their database. */
  private async handOut({ batch, heartbeat, resolveOffset, isRunning, isStale }: EachBatchPayload, member: AbortSignal): Promise<void> {
    if (!isRunning() || isStale() || member.aborted) return;
    const turn = new AbortController();
    const leave = (): void => turn.abort(member.reason);
    member.addEventListener('abort', leave, { once: true });
    const beat = setInterval(() => void heartbeat().catch((error: Error) => turn.abort(error)), HEARTBEAT_MS / 2);
    const events = batch.messages.map((message) => receivedOf(batch.topic, batch.partition, message));
    try {
      await this.deliver({
        ...{ topic: batch.topic, events, signal: turn.signal },
        unapplied: (tx, some) => unapplied(tx, some, (error) => this.failed(batch.topic, error)),
        within: (tx, last) => movePlace(tx, events.filter(({ position }) => position <= last.position)),
        done: (last) => resolveOffset(last.position.toString()),
      });
    } catch (error) {
      if (!member.aborted) throw error;
    } finally {
      clearInterval(beat);
      member.removeEventListener('abort', leave);
    }
  }
}

/** Ends the member when kafkajs gives it up, or says nothing for long. */
function watch(consumer: Consumer, member: AbortController): NodeJS.Timeout {
  let lastSign = Date.now();
  const { FETCH, HEARTBEAT, GROUP_JOIN, END_BATCH_PROCESS, CRASH } = consumer.events;
  for (const sign of [FETCH, HEARTBEAT, GROUP_JOIN, END_BATCH_PROCESS]) consumer.on(sign, () => (lastSign = Date.now()));
  consumer.on(CRASH, ({ payload }) => member.abort(payload.error));
  return setInterval(() => {
    if (Date.now() - lastSign > SILENCE_MS) member.abort(new Error('the broker has been silent'));
  }, 1_000).unref();
}

/** As the work, or rejects with the signal's reason: kafkajs may take long to connect, and knows no way to call it off. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
