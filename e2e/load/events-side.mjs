import pg from 'pg';
import events from '@carespine/events'; // built as CommonJS, whose names Node.js does not find
import { aMessage, Arrivals, due, now } from './events-load.mjs';

/*
 * One side of the measurement, as a service has it: `producer` appends to its outbox, which its relay empties; `consumer` writes a row an
 * event, the inbox beside it. PRODUCER_URL, CONSUMER_URL, EVENT_LOG_URL, KAFKA_BROKERS.
 */
const { Consumer, EVENT_MIGRATIONS, newEvent, openEventLog, Outbox,
  PostgresEffectStore, PostgresOutboxStore, prepareEventLog, Relay } = events;

const TOPIC = 'audit.access.v1';
const IN_FLIGHT = 500;

const role = process.argv[2];
const pool = new pg.Pool({ connectionString: role === 'producer' ? process.env.PRODUCER_URL : process.env.CONSUMER_URL, max: 10 });
pool.on('error', () => process.exit(0)); // the server stops first
for (const Migration of EVENT_MIGRATIONS) await new Migration().up(/** @type {any} */ (pool));
await prepareEventLog(process.env);
const fail = (error) => console.error(`${role}:`, error);
const log = openEventLog(process.env, { service: `load-${role}`, pool, failed: (_, error) => fail(error) });
const outbox = new Outbox(pool);
await { producer: produce, consumer: consume }[role]();
process.send?.('ready');

async function produce() {
  const relay = new Relay(new PostgresOutboxStore(pool), log, { failed: fail, relayed: () => undefined, refused: (_event, error) => fail(error) });
  outbox.whenCommitted(() => relay.ring());
  relay.start();
  process.on('message', async ({ send: count, perSecond }) => {
    const startedAt = now();
    if (perSecond) for await (const some of due(count, perSecond)) for (let i = 0; i < some; i++) void append();
    else await Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => appendMany(Math.floor((count + i) / IN_FLIGHT))));
    process.send?.({ startedAt });
  });
  process.on('disconnect', async () => {
    await relay.stop();
    await end();
  });
}

async function appendMany(count) {
  for (let i = 0; i < count; i++) await append();
}

const append = () => outbox.append([newEvent({ topic: TOPIC, type: 'carespine.audit.v1.AccessRecorded', ...aMessage() })]);

async function consume() {
  await pool.query('CREATE TABLE effect (event_id uuid PRIMARY KEY, payload bytea NOT NULL)');
  const arrivals = new Arrivals();
  const apply = async (events, tx) => {
    await tx.query({
      name: 'effect',
      text: 'INSERT INTO effect (event_id, payload) SELECT * FROM unnest($1::uuid[], $2::bytea[])',
      values: [events.map(({ id }) => id), events.map(({ payload }) => `\\x${Buffer.from(payload).toString('hex')}`)],
    });
  };
  const report = { applied: (_, events) => arrivals.add(events.map(({ payload }) => payload)), retried: (_, error) => fail(error), awaited: (_, error) => fail(error), deadLettered: (_, error) => fail(error) };
  const consumer = new Consumer('load-consumer', new Map([[TOPIC, apply]]), new PostgresEffectStore(pool, outbox), report);
  const subscription = log.subscribe([TOPIC], (delivery) => consumer.deliver(delivery));
  process.on('message', ({ expect: count }) => arrivals.expect(count));
  process.on('disconnect', async () => {
    await subscription.stop();
    await end();
  });
}

async function end() {
  await log.close();
  await pool.end();
  process.exit(0);
}
