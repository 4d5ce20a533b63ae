import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { prepare } from '../../deploy/local/prepare.mjs';
import { smallMachine, startPostgres } from '../../deploy/local/postgres.mjs';
import { privateJwk, publicJwks } from '../../deploy/local/secrets.mjs';
import { host, root } from '../../deploy/local/settings.mjs';
import { cpuSeconds } from './processes.mjs';
import { fillAccesses, nhsNumber } from './audit-fill.mjs';

const require = createRequire(import.meta.url);
const ORIGIN = 'load.example/audit/log';
const BATCH = 1000;

/**
 * The provable log by itself: a real PostgreSQL with durable commits, the event log and the audit service. At each number of leaves: accesses a
 * second from the event log until a signed checkpoint covers them, and a privacy officer's searches over a month.
 *
 * @param {{ leaves: number[], events: number, port: number, verify: boolean }} options
 */
export async function loadAudit({ leaves, events, port, verify }) {
  await prepare();
  const home = mkdtempSync(join(tmpdir(), 'carespine-load-audit-'));
  const server = await startPostgres({ dataDir: join(home, 'postgres'), port: port + 10, password: 'load', settings: smallMachine, log: join(home, 'postgres.log') });
  const url = (/** @type {string} */ database) => `postgres://postgres:load@${host}:${port + 10}/${database}`;
  const results = {};
  try {
    await withClient(url('postgres'), async (db) => {
      await db.query('CREATE DATABASE audit');
      await db.query('CREATE DATABASE event_log');
    });
    const contextKey = await privateJwk('ed25519', { alg: 'EdDSA' });
    const logKey = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    const env = {
      ...process.env,
      HOST: host,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      PUBLIC_URL: `http://${host}:${port}`,
      CONTEXT_JWKS: JSON.stringify(publicJwks(contextKey)),
      PATIENT_KEY_SECRET: randomBytes(32).toString('hex'),
      DATABASE_URL: url('audit'),
      EVENT_LOG_URL: url('event_log'),
      LOG_ORIGIN: ORIGIN,
      LOG_SIGNING_KEY: JSON.stringify(logKey),
    };
    const main = join(root, 'services/audit/dist/src/main.js');
    await ended(spawn(process.execPath, [main, 'migrate'], { env, stdio: 'inherit' }));
    const service = spawn(process.execPath, [main], { env, stdio: 'inherit' });
    try {
      await answering(`http://${host}:${port}/health/ready`);
      await withClient(url('audit'), async (db) => {
        for (const size of leaves) {
          const filled = await timed(() => fillAccesses(db, size));
          const integrated = await timed(() => provable(db));
          say(`${size} leaves: filled in ${filled.toFixed(0)} s, in the tree ${integrated.toFixed(0)} s later`);
          const groups = [{ name: 'audit', pids: [service.pid ?? 0] }, { name: 'postgres', pids: [server.pid] }];
          const before = cpuSeconds(groups);
          const rate = await throughput({ db, url, events });
          const cpu = perThousand(before, cpuSeconds(groups), events);
          const searches = await privacySearches({ db, port, contextKey });
          const [{ indexes }] = (await db.query(`SELECT count(*)::int AS indexes FROM pg_indexes WHERE tablename = 'access_events'`)).rows;
          results[size] = { perSecond: rate, cpu, ...searches, indexes };
          say(`${size} leaves: ${rate.toFixed(0)} accesses/s into the durable, signed log; ${format(searches)}; ${indexes} indexes`);
          say(`    CPU s per 1,000: audit ${cpu.audit.toFixed(3)}, postgres ${cpu.postgres.toFixed(3)}`);
          if (verify) {
            const command = join(root, 'services/audit/dist/src/command/main.js');
            const seconds = await timed(() => ended(spawn(process.execPath, [command, 'verify'], { env, stdio: 'inherit' })));
            say(`${size} leaves: verified in ${seconds.toFixed(0)} s`);
          }
        }
      });
    } finally {
      service.kill('SIGTERM');
      await new Promise((resolve) => service.once('exit', resolve));
    }
    const [least, most] = [results[leaves[0] ?? 0], results[leaves.at(-1) ?? 0]];
    if (leaves.length > 1) {
      const sum = ({ cpu }) => cpu.audit + cpu.postgres;
      const [time, work] = [least.perSecond / most.perSecond, sum(most) / sum(least)].map((ratio) => ratio.toFixed(2));
      say(`an access at ${leaves.at(-1)} leaves takes ${time} times as long as at ${leaves[0]}, and ${work} times the CPU`);
    }
    return results;
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Accesses a second, from their coming into the event log until a checkpoint covers the last of them. */
async function throughput({ db, url, events }) {
  const { newEvent, openEventLog } = require('@carespine/events');
  const { AccessRecordedSchema, create, timestampFromMs, toBinary } = require('@carespine/contracts');
  const log = openEventLog({ EVENT_LOG_URL: url('event_log') }, { service: 'load' });
  const payload = () =>
    toBinary(AccessRecordedSchema, create(AccessRecordedSchema, {
      ...{ recorded: timestampFromMs(Date.now()), service: 'demographics', interaction: 1, outcome: 1, interactionName: 'Retrieve patient' },
      ...{ resourceType: 'Patient', purpose: 'TREAT', nhsNumber: nhsNumber(Math.floor(Math.random() * 200_000)), requestId: randomUUID() },
      ...{ traceId: randomBytes(16).toString('hex'), clientAddress: '203.0.113.7' },
      agent: {
        ...{ userId: '555000000102', userName: 'Ada Nurse', odsCode: 'RZZ01', organisationName: 'Example University Hospitals' },
        ...{ jobRole: 'R8000', clientId: 'carespine-portal', accessMode: 'user-restricted' },
      },
    }));
  const made = Array.from({ length: events }, () => newEvent({ topic: 'audit.access.v1', type: AccessRecordedSchema.typeName, key: 'k', payload: payload() }));
  const [{ tail }] = (await db.query('SELECT next_index AS tail FROM log_tail')).rows;
  const seconds = await timed(async () => {
    for (let i = 0; i < made.length; i += BATCH) await log.append(made.slice(i, i + BATCH));
    await provable(db, Number(tail) + events);
  });
  await log.close();
  return events / seconds;
}

/** Resolves when a checkpoint covers all leaves, or so many. */
async function provable(db, size) {
  for (;;) {
    const { rows } = await db.query('SELECT (SELECT next_index FROM log_tail) AS tail, coalesce((SELECT tree_size FROM checkpoints ORDER BY number DESC LIMIT 1), 0) AS size');
    if (Number(rows[0].size) >= (size ?? Number(rows[0].tail))) return;
    await setTimeout(20);
  }
}

/** What an officer waits for, over HTTP: the accesses of a patient, or by a user, in a month. */
async function privacySearches({ db, port, contextKey }) {
  const { ContextMint, permissionsOfRole } = require('@carespine/access-control');
  const mint = new ContextMint(contextKey);
  const { rows } = await db.query(
    `SELECT nhs_number, user_id, ods_code, to_char(recorded, 'YYYY-MM-01') AS first, to_char(date_trunc('month', recorded) + interval '1 month - 1 day', 'YYYY-MM-DD') AS last FROM access_events
      WHERE leaf_index = ANY (SELECT floor(random() * (SELECT max(leaf_index) FROM access_events))::bigint FROM generate_series(1, 150)) AND user_id <> ''`,
  );
  const { granted, stepUp } = permissionsOfRole({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', workgroups: [], aal: 3, idAssurance: 3 });
  const p95 = {};
  for (const kind of ['patient', 'user']) {
    const times = [];
    for (const row of rows) {
      const organisation = { odsCode: row.ods_code, name: 'An organisation' };
      const { token } = await mint.mint({
        mode: 'user-restricted', client: { id: 'carespine-portal', name: 'Carespine portal', productId: 'P.CARESPINE', attributes: {} }, organisation,
        permissions: granted, stepUp, aal: 3, workgroups: [], tokenId: 'load', userId: '555000000999', name: 'An officer',
        role: { id: '555000000201', jobRole: 'R0001', name: 'Privacy Officer', organisation },
      });
      const who = kind === 'patient' ? `patient=${row.nhs_number}` : `agent=${row.user_id}`;
      const began = performance.now();
      const answer = await fetch(`http://${host}:${port}/audit/FHIR/R4/AuditEvent?${who}&date=ge${row.first}&date=le${row.last}`, {
        headers: { 'carespine-context': token, 'x-request-id': randomUUID() },
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`a search failed: ${answer.status}`);
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    p95[`${kind} search p50`] = times[Math.floor(times.length / 2)];
    p95[`${kind} search p95`] = times[Math.floor(times.length * 0.95)];
  }
  return p95;
}

/** CPU seconds that a thousand accesses cost: unlike time, no matter of who else is on the machine. */
const perThousand = (before, after, events) => Object.fromEntries(Object.keys(after).map((name) => [name, ((after[name] - before[name]) / events) * 1000]));

const say = (/** @type {string} */ line) => console.log(line);
const format = (facts) => Object.entries(facts).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(', ');

async function timed(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const ended = (child) =>
  new Promise((resolve, reject) => child.once('exit', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`${child.spawnargs.at(-1)} ended with ${code}`)))));

async function answering(url) {
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    if (attempt > 300) throw new Error(`${url} does not answer`);
    await setTimeout(100);
  }
}
