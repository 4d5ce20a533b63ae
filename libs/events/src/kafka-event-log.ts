import { createHash, randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners, type Admin, type Consumer, type EachBatchPayload, type IHeaders, type KafkaMessage, type Producer, type SASLOptions } from 'kafkajs';
import type { PoolClient } from 'pg';
import { sleep, systemClock } from './clock';
import type { Event, ReceivedEvent } from './event';
import type { Deliver, EventLog, Subscription } from './event-log';
import { ALL_TOPICS } from './topics';

export interface KafkaSettings {
  brokers: string[];
  tls?: { ca?: string };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
  partitions: number;
}

type Failed = (topic: string, error: Error) => void;

/** A broker that is paused or gone is noticed after so long. */
const REQUEST_TIMEOUT_MS = 5_000;
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 1_000;
/** Longest that a member waits for the others when a group gathers anew. */
const REBALANCE_TIMEOUT_MS = 15_000;
/** kafkajs has been seen to go silent without an error: then it is given up and made anew. */
const SILENCE_MS = 30_000;
const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A broker takes a batch of a partition up to `max.message.bytes`, a mebibyte as it comes. */
const BATCH_BYTES = 950_000;
/** A letter is larger than the message that it was, by its reason, and must fit all the same. */
const DEAD_LETTER_BYTES = 2_097_152;
/** Headers, key and framing of a message; generous. */
const OVERHEAD_BYTES = 500;

/** Makes the topics that are missing; needs no right to do so when none is. */
export async function prepareKafkaTopics(settings: KafkaSettings): Promise<void> {
  await withAdmin(kafkaOf(settings, 'carespine-migrate'), (admin) => createTopics(admin, settings.partitions));
}

async function createTopics(admin: Admin, partitions: number): Promise<void> {
  const present = new Set(await admin.listTopics());
  const missing = ALL_TOPICS.filter((topic) => !present.has(topic));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map((topic) => ({
      topic,
      numPartitions: partitions,
      // projections are made anew from the log, and a dead letter waits for a person: it keeps everything
      configEntries: [
        { name: 'retention.ms', value: '-1' },
        { name: 'retention.bytes', value: '-1' },
        { name: 'cleanup.policy', value: 'delete' },
        ...(topic.endsWith('.dead-letter') ? [{ name: 'max.message.bytes', value: String(DEAD_LETTER_BYTES) }] : []),
      ],
    })),
  });
}

/**
 * The log on Apache Kafka, through kafkajs, which is imported here and nowhere else. Appends are acknowledged by all replicas in sync,
 * by an idempotent producer, one request after the other. Offsets are committed after the effects; the inbox makes a repeat harmless.
 */
export class KafkaEventLog implements EventLog {
  private readonly kafka: Kafka;
  private producer?: Promise<Producer>;
  private admin?: Promise<Admin>;
  private readonly subscriptions = new Set<KafkaSubscription>();

  /** @param service consumer group and client id */
  constructor(
    private readonly settings: KafkaSettings,
    private readonly service: string,
    private readonly failed: Failed = () => undefined,
  ) {
    this.kafka = kafkaOf(settings, service);
  }

  async append(events: Event[]): Promise<void> {
    this.producer ??= this.connectProducer();
    const producing = this.producer;
    try {
      const producer = await producing;
      for (const portion of portionsOf(events)) {
        await producer.sendBatch({
          acks: -1,
          timeout: REQUEST_TIMEOUT_MS,
          topicMessages: [...new Set(portion.map(({ topic }) => topic))].map((topic) => ({ topic, messages: portion.filter((event) => event.topic === topic).map(messageOf) })),
        });
      }
    } catch (error) {
      // its sequence numbers may no longer fit: the next attempt, which begins with the same events, has a producer of its own
      if (this.producer === producing) this.producer = undefined;
      void producing.then((producer) => producer.disconnect()).catch(() => undefined);
      throw error;
    }
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

  private async connectProducer(): Promise<Producer> {
    await prepareKafkaTopics(this.settings);
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 100, retries: 3, maxRetryTime: 1_000 },
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
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error)); // a broker that has just started is tried again
        consumer
          .run({
            autoCommit: false,
            eachBatch: async ({ batch }) => {
              for (const message of batch.messages) history.push(receivedOf(topic, batch.partition, message));
              if (BigInt(batch.lastOffset()) >= (awaited.get(batch.partition) ?? 0n)) awaited.delete(batch.partition);
              if (awaited.size === 0) resolve();
            },
          })
          .catch(reject);
      });
    } finally {
      await consumer.disconnect().catch(() => undefined);
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

/** Consumes as a member of the group, and joins it anew whatever may have ended that. */
class KafkaSubscription implements Subscription {
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings & { topics: string[]; group: string },
    private readonly deliver: Deliver<PoolClient>,
    private readonly failed: Failed,
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
    await prepareKafkaTopics(this.settings);
    const { topics, group } = this.settings;
    const consumer = this.kafka.consumer({
      ...{ groupId: group, sessionTimeout: SESSION_TIMEOUT_MS, rebalanceTimeout: REBALANCE_TIMEOUT_MS, heartbeatInterval: HEARTBEAT_MS },
      ...{ minBytes: 1, maxWaitTimeInMs: 250, maxBytesPerPartition: 1_048_576 },
      retry: { initialRetryTime: 100, retries: 5, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(false) }, // we start anew ourselves
    });
    const member = new AbortController();
    const stop = (): void => member.abort(this.stopping.signal.reason);
    this.stopping.signal.addEventListener('abort', stop, { once: true });
    const silence = watch(consumer, member);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics, fromBeginning: true });
      await consumer.run({
        autoCommit: true, // behind each batch, what is resolved
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.settings.partitions,
        eachBatch: async (payload) => {
          await this.handOut(payload, member.signal);
          goesWell();
        },
      });
      await new Promise<void>((resolve) => {
        if (member.signal.aborted) resolve();
        member.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (!this.stopping.signal.aborted) throw member.signal.reason;
    } finally {
      clearInterval(silence);
      this.stopping.signal.removeEventListener('abort', stop);
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
    try {
      await this.deliver({
        topic: batch.topic,
        events: batch.messages.map((message) => receivedOf(batch.topic, batch.partition, message)),
        signal: turn.signal,
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

function kafkaOf({ brokers, tls, sasl }: KafkaSettings, clientId: string): Kafka {
  return new Kafka({
    ...{ brokers, clientId, connectionTimeout: 3_000, authenticationTimeout: 5_000, requestTimeout: REQUEST_TIMEOUT_MS },
    ...(tls && { ssl: tls.ca === undefined ? true : { ca: [tls.ca] } }),
    ...(sasl && { sasl: sasl as SASLOptions }),
    retry: { initialRetryTime: 100, retries: 3, maxRetryTime: 1_000 },
    logLevel: logLevel.NOTHING, // what fails is reported where it is handled
  });
}

async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await withinTime(admin.disconnect().catch(() => undefined));
  }
}

/** kafkajs may wait for ever for a broker that is gone. */
const withinTime = (work: Promise<unknown>): Promise<unknown> => Promise.race([work, new Promise((resolve) => setTimeout(resolve, REQUEST_TIMEOUT_MS).unref())]);

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

/**
 * Attributes as headers under CloudEvents' names, the payload as it is. Those that would be the same in every event are left out:
 * client and broker pay for each header of each event.
 *
 * @see CloudEvents, Kafka Protocol Binding 1.0.2, section 3.2 (binary content mode)
 */
function messageOf(event: Event): { key: string; value: Buffer; headers: IHeaders } {
  return {
    key: event.key,
    value: Buffer.from(event.payload.buffer, event.payload.byteOffset, event.payload.byteLength),
    headers: {
      ce_id: event.id,
      ce_type: event.type,
      ce_time: event.occurredAt.toISOString(),
      ce_dataschema: event.type.slice(0, Math.max(0, event.type.lastIndexOf('.'))),
      ...(event.traceparent !== '' && { traceparent: event.traceparent }),
      ...(event.reason !== undefined && { reason: event.reason }),
      ...(event.consumer !== undefined && { consumer: event.consumer }),
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What anybody may have put there: a message that is no event gets a name, always the same, and says what it lacks. */
function receivedOf(topic: string, partition: number, message: KafkaMessage): ReceivedEvent {
  const header = (name: string): string | undefined => {
    const value = message.headers?.[name];
    return Array.isArray(value) ? value[0]?.toString() : value?.toString();
  };
  const position = BigInt(message.offset);
  const appendedAt = new Date(Number(message.timestamp));
  const received = { topic, partition, position, appendedAt, payload: message.value ?? Buffer.alloc(0) };
  const id = header('ce_id') ?? '';
  const occurredAt = new Date(header('ce_time') ?? Number.NaN);
  const [type, traceparent, reason, consumer] = [header('ce_type') ?? '', header('traceparent') ?? '', header('reason'), header('consumer')];
  const key = message.key?.toString() ?? '';
  const settled = topic.endsWith('.dead-letter');
  const lacks = !UUID.test(id) ? 'ce_id' : Number.isNaN(occurredAt.getTime()) ? 'ce_time' : type === '' && !settled ? 'ce_type' : message.value === null ? 'value' : undefined;
  if (lacks !== undefined || [key, type, traceparent, reason, consumer].some((text) => text?.includes('\0'))) {
    return { ...received, id: nameOf(`${topic}/${partition}/${position}`), type: '', key: '', occurredAt: appendedAt, traceparent: '', reason: `no event: ${lacks ?? 'header'}` };
  }
  return { ...received, id, type, key, occurredAt, traceparent, ...(settled && reason !== undefined && { reason }), ...(consumer !== undefined && { consumer }) };
}

/** UUIDv8 of a text. */
function nameOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
