import { randomUUID } from 'node:crypto';
import { Partitioners, type Admin, type Kafka, type Producer } from 'kafkajs';
import type { PoolClient } from 'pg';
import type { Event, ReceivedEvent } from './event';
import { EventRefused, type Deliver, type EventLog, type Subscription } from './event-log';
import { HEARTBEAT_MS, kafkaOf, REQUEST_TIMEOUT_MS, SESSION_TIMEOUT_MS, SILENCE_MS, withinTime, type KafkaSettings } from './kafka-client';
import { messageOf, receivedOf } from './kafka-message';
import { KafkaSubscription } from './kafka-subscription';
import { prepareKafkaTopics } from './kafka-topics';

type Failed = (topic: string, error: Error) => void;

/** A broker takes a batch of a partition up to `max.message.bytes`, a mebibyte as it comes. */
const BATCH_BYTES = 950_000;
/** Headers, key and framing of a message; generous. */
const OVERHEAD_BYTES = 700;
/** Of a message itself: it will be refused for ever. What is wrong with the cluster or our rights in it is not among them. */
const REFUSALS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP']);

/**
 * The log on Apache Kafka, through kafkajs. Appends are idempotent, acknowledged by all replicas in sync, one request after the other. Offsets
 * are committed after the effects; place and inbox make a repeat harmless.
 *
 * When a partition's leader moves between two tries of an append, kafkajs takes what it never sent for acknowledged (2.2.4,
 * producer/sendMessages.js: brokers that have answered are not asked again). So each is held against the partitions that it went to, and fails
 * where one did not answer; whoever appends tries the whole again.
 */
export class KafkaEventLog implements EventLog {
  private readonly kafka: Kafka;
  private producer?: Promise<Producer>;
  private admin?: Promise<Admin>;
  private readonly subscriptions = new Set<KafkaSubscription>();
  private lastAppend: Promise<unknown> = Promise.resolve();
  /** Partitions that the request in hand goes to. */
  private readonly unacknowledged = new Set<string>();

  /** @param service consumer group and client id */
  constructor(
    private readonly settings: KafkaSettings,
    private readonly service: string,
    private readonly failed: Failed = () => undefined,
  ) {
    this.kafka = kafkaOf(settings, service);
  }

  append(events: Event[]): Promise<void> {
    const appending = this.lastAppend.then(() => this.send(events));
    this.lastAppend = appending.catch(() => undefined);
    return appending;
  }

  subscribe(topics: string[], deliver: Deliver<PoolClient>): Subscription {
    const subscription = new KafkaSubscription(this.kafka, { ...this.settings, topics, group: this.service }, deliver, this.failed);
    this.subscriptions.add(subscription);
    return {
      stop: async () => {
        this.subscriptions.delete(subscription);
        await subscription.stop();
      },
    };
  }

  history(topic: string): Promise<ReceivedEvent[]> {
    return this.asAdmin((admin) => this.readAll(topic, admin));
  }

  lag(topics: string[]): Promise<Map<string, number>> {
    return this.asAdmin(async (admin) => {
      const committed = await admin.fetchOffsets({ groupId: this.service, topics });
      const lags = topics.map(async (topic): Promise<[string, number]> => {
        const places = new Map(committed.find((one) => one.topic === topic)?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
        const ends = await admin.fetchTopicOffsets(topic);
        return [topic, ends.reduce((sum, { partition, low, high }) => sum + Number(BigInt(high) - larger(places.get(partition) ?? -1n, BigInt(low))), 0)];
      });
      return new Map(await Promise.all(lags));
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
    const clients = await Promise.allSettled([this.producer, this.admin]);
    await withinTime(Promise.allSettled(clients.map((client) => (client.status === 'fulfilled' ? client.value?.disconnect() : undefined))));
  }

  private async send(events: Event[]): Promise<void> {
    this.producer ??= this.connectProducer();
    const producing = this.producer;
    try {
      const producer = await producing;
      for (const portion of portionsOf(events)) {
        this.unacknowledged.clear();
        const acknowledged = await producer.sendBatch({
          acks: -1,
          timeout: REQUEST_TIMEOUT_MS,
          topicMessages: [...new Set(portion.map(({ topic }) => topic))].map((topic) => ({ topic, messages: portion.filter((event) => event.topic === topic).map(messageOf) })),
        });
        for (const { topicName, partition } of acknowledged) this.unacknowledged.delete(`${topicName}/${partition}`);
        if (this.unacknowledged.size > 0) throw new Error(`not acknowledged: ${[...this.unacknowledged].join(', ')}`);
      }
    } catch (error) {
      // what it knows of leaders may be old, and its connections broken: the next attempt has a producer of its own
      if (this.producer === producing) this.producer = undefined;
      void producing.then((producer) => producer.disconnect()).catch(() => undefined);
      throw refusalOf(error) ?? error;
    }
  }

  private async connectProducer(): Promise<Producer> {
    await prepareKafkaTopics(this.settings);
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: () => {
        const choose = Partitioners.DefaultPartitioner();
        return (message) => {
          const partition = choose(message);
          this.unacknowledged.add(`${message.topic}/${partition}`);
          return partition;
        };
      },
      retry: { retries: 1 }, // as few as an idempotent producer may have
    });
    await producer.connect();
    return producer;
  }

  /** From the oldest event to the newest that is there now, as a group of its own that leaves nothing behind. */
  private async readAll(topic: string, admin: Admin): Promise<ReceivedEvent[]> {
    const ends = (await admin.fetchTopicOffsets(topic)).filter(({ low, high }) => BigInt(high) > BigInt(low));
    if (ends.length === 0) return [];
    const awaited = new Map(ends.map(({ partition, high }) => [partition, BigInt(high) - 1n]));
    const groupId = `${this.service}-history-${randomUUID()}`;
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 100, sessionTimeout: SESSION_TIMEOUT_MS, heartbeatInterval: HEARTBEAT_MS });
    const history: ReceivedEvent[] = [];
    let silence: NodeJS.Timeout | undefined;
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        silence = setTimeout(() => reject(new Error('the broker has been silent')), SILENCE_MS);
        consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error)); // a broker that has just started is tried again
        consumer
          .run({
            autoCommit: false,
            eachBatch: async ({ batch }) => {
              silence?.refresh();
              for (const message of batch.messages) history.push(receivedOf(topic, batch.partition, message));
              if (BigInt(batch.lastOffset()) >= (awaited.get(batch.partition) ?? 0n)) awaited.delete(batch.partition);
              if (awaited.size === 0) resolve();
            },
          })
          .catch(reject);
      });
    } finally {
      clearTimeout(silence);
      await withinTime(consumer.disconnect().catch(() => undefined));
      await admin.deleteGroups([groupId]).catch(() => undefined); // the broker forgets an empty group in time
    }
    return history.sort((a, b) => a.partition - b.partition || Number(a.position - b.position));
  }

  /** On a connection that is kept as long as it serves. */
  private async asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    this.admin ??= (async () => {
      const admin = this.kafka.admin();
      await admin.connect();
      return admin;
    })();
    const connecting = this.admin;
    try {
      return await work(await connecting);
    } catch (error) {
      if (this.admin === connecting) this.admin = undefined;
      void connecting.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** In order, each of a size that a broker takes. */
function* portionsOf(events: Event[]): Generator<Event[]> {
  let portion: Event[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = event.payload.byteLength + OVERHEAD_BYTES;
    if (portion.length > 0 && bytes + size > BATCH_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(event);
    bytes += size;
  }
  if (portion.length > 0) yield portion;
}

/** What kafkajs says of a broker's refusal stands in the causes of the error that it throws. */
function refusalOf(error: unknown): EventRefused | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && REFUSALS.has(String(cause.type))) return new EventRefused(String(cause.type));
  }
  return undefined;
}
