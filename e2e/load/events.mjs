import { fork } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { prepareKafka, startKafka, twoFreePorts } from '../../deploy/local/kafka.mjs';
import { freePort } from '../../deploy/local/ports.mjs';
import { dataFolder, smallMachine, startPostgres } from '../../deploy/local/postgres.mjs';
import { prepare } from '../../deploy/local/prepare.mjs';
import { format } from './measure.mjs';
import { cpuSeconds } from './processes.mjs';

const WARM_UP = 4_000;
const BURST = 60_000;
const PER_SECOND = 1_000;

/**
 * From an outbox to the consumer's committed effect: the platform's own relay and consumer, each in a process of its own, on databases
 * with synchronous commits. Beside them, where there is a broker, what kafkajs alone does with the same payloads: no outbox, no effect.
 * @param {{ seconds: number, kafka: boolean }} options `seconds` of the steady part
 * @returns {Promise<Record<string, Measured>>}
 *
 * @typedef {{ perSecond: number, p50: number, p99: number, cpu: Record<string, number> }} Measured events a second in one go; milliseconds at
 *   1,000 a second; CPU seconds per 1,000 events of each process in the first
 */
export async function measureEvents({ seconds, kafka }) {
  await prepare();
  const home = mkdtempSync(join(tmpdir(), 'carespine-load-events-'));
  chmodSync(home, 0o755); // as root the server runs as another user
  const running = [];
  try {
    const log = join(home, 'log');
    const postgres = await startPostgres({ dataDir: join(home, dataFolder), port: await freePort(), password: 'load', settings: smallMachine, log });
    running.push(postgres);
    const groups = [{ name: 'postgres', pids: [postgres.pid] }];
    const results = {};
    const events = (settings) => measureOne({ side: 'events-side.mjs', settings, seconds, groups });

    results['events, log in PostgreSQL'] = await events({ ...(await databases(postgres.superuserUrl, 'p')) });
    if (kafka) {
      const java = await prepareKafka();
      const [port, controllerPort] = await twoFreePorts();
      const broker = await startKafka({ java, folder: join(home, 'kafka'), port, controllerPort, pidFile: join(home, 'kafka.pid'), log });
      running.push(broker);
      groups.push({ name: 'kafka', pids: [broker.pid] });
      results['events, log on Kafka'] = await events({ ...(await databases(postgres.superuserUrl, 'k')), KAFKA_BROKERS: broker.brokers });
      results['bare kafkajs'] = await measureOne({ side: 'bare-kafka-side.mjs', settings: { KAFKA_BROKERS: broker.brokers }, seconds, groups });
    }
    for (const [title, { perSecond, p50, p99, cpu }] of Object.entries(results)) {
      console.log(`${title.padEnd(28)} ${perSecond.toFixed(0).padStart(6)}/s  at 1,000/s: p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`);
      console.log(`    CPU s per 1,000: ${format(cpu, 3)}`);
    }
    return results;
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(home, { recursive: true, force: true });
  }
}

/** @returns environment of both sides: a database each, and one for the log */
async function databases(superuserUrl, prefix) {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  const urls = [];
  for (const name of ['producer', 'consumer', 'log']) {
    await client.query(`CREATE DATABASE ${prefix}_${name}`);
    const url = new URL(superuserUrl);
    url.pathname = `/${prefix}_${name}`;
    urls.push(url.href);
  }
  await client.end();
  return { PRODUCER_URL: urls[0], CONSUMER_URL: urls[1], EVENT_LOG_URL: urls[2] };
}

async function measureOne({ side, settings, seconds, groups }) {
  const consumer = await startSide(side, 'consumer', settings);
  const producer = await startSide(side, 'producer', settings);
  try {
    const carry = async (order, count) => {
      const arrived = consumer.ask({ expect: count });
      const { startedAt } = await producer.ask(order);
      return { ...(await arrived), startedAt };
    };
    await carry({ send: WARM_UP }, WARM_UP);

    const all = [...groups, { name: 'producer', pids: [producer.pid] }, { name: 'consumer', pids: [consumer.pid] }];
    const before = cpuSeconds(all);
    const burst = await carry({ send: BURST }, BURST);
    const after = cpuSeconds(all);

    const count = seconds * PER_SECOND;
    const { latencies } = await carry({ send: count, perSecond: PER_SECOND }, count);
    latencies.sort((a, b) => a - b);
    return {
      perSecond: BURST / ((burst.lastAt - burst.startedAt) / 1000),
      p50: latencies[Math.floor(count * 0.5)],
      p99: latencies[Math.floor(count * 0.99)],
      cpu: Object.fromEntries(Object.keys(after).map((name) => [name, ((after[name] - before[name]) / BURST) * 1000])),
    };
  } finally {
    await Promise.all([producer.stop(), consumer.stop()]);
  }
}

/** A process that answers one order at a time. */
async function startSide(side, role, settings) {
  const child = fork(fileURLToPath(new URL(side, import.meta.url)), [role], { env: { ...process.env, ...settings } });
  const next = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${side} ${role} ended (${code})`));
      child.once('exit', ended);
      child.once('message', (answer) => {
        child.off('exit', ended);
        resolve(answer);
      });
    });
  await next();
  return {
    pid: child.pid,
    ask(order) {
      const answer = next();
      child.send(order);
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}
