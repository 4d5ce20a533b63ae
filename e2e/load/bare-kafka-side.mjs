// eslint-disable-next-line no-restricted-imports -- what the platform's own log is measured against
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { aMessage, Arrivals, due, now } from './events-load.mjs';

/** What the events are measured against: kafkajs alone, on a topic of its own. KAFKA_BROKERS. */
const TOPIC = 'load.bare.v1';
const BATCH = 1000;

const kafka = new Kafka({ brokers: process.env.KAFKA_BROKERS.split(','), clientId: 'load', logLevel: logLevel.ERROR });
await { producer: produce, consumer: consume }[process.argv[2]]();
process.send?.('ready');

async function produce() {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const send = (count) =>
    producer.send({ topic: TOPIC, acks: -1, messages: Array.from({ length: count }, aMessage).map(({ key, payload }) => ({ key, value: payload })) });
  process.on('message', async ({ send: count, perSecond }) => {
    const startedAt = now();
    if (perSecond) for await (const some of due(count, perSecond)) await send(some);
    else for (let sent = 0; sent < count; sent += BATCH) await send(Math.min(BATCH, count - sent));
    process.send?.({ startedAt });
  });
  process.on('disconnect', async () => {
    await producer.disconnect();
    process.exit(0);
  });
}

async function consume() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: TOPIC, numPartitions: 3 }] });
  await admin.disconnect();
  const arrivals = new Arrivals();
  const consumer = kafka.consumer({ groupId: 'load-bare', maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({ partitionsConsumedConcurrently: 3, eachBatch: async ({ batch }) => arrivals.add(batch.messages.map(({ value }) => value)) });
  process.on('message', ({ expect: count }) => arrivals.expect(count));
  process.on('disconnect', async () => {
    await consumer.disconnect();
    process.exit(0);
  });
}
