import { fork, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { measure } from './measure.mjs';
import { groupsOf, memoryMb } from './processes.mjs';
import { bareRequests, scenariosOf } from './scenarios.mjs';

/*
 * npm run load [-- --patients 100000 --seconds 8 --connections 1,16,64 --scenarios retrieve,search,mixed,update,fuzzy --user <id>]
 *
 * Starts a platform of its own, fills it, and measures it beside a bare handler on the same database in the same run.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    patients: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '1,16,64' },
    scenarios: { type: 'string', default: 'retrieve,search,mixed,update,fuzzy' },
    user: { type: 'string', default: '555000000105' },
    port: { type: 'string', default: '18700' },
    json: { type: 'string' },
    leaves: { type: 'string', default: '100000,10000000' },
    events: { type: 'string', default: '30000' },
    verify: { type: 'boolean', default: false },
  },
});
if (options.scenarios === 'audit') {
  const { keepResults, loadAudit } = await import('./audit.mjs');
  const leaves = options.leaves.split(',').map(Number);
  const results = await loadAudit({ leaves, events: Number(options.events), port: Number(options.port), verify: options.verify });
  if (options.json) keepResults(options.json, results);
  process.exit(0);
}
const port = Number(options.port);
const home = mkdtempSync(join(tmpdir(), 'carespine-load-'));
const env = { ...process.env, CARESPINE_HOME: home, CARESPINE_PORT: String(port), LOG_LEVEL: 'warn' };
const seconds = Number(options.seconds);

const platform = spawn(process.execPath, [join(root, 'deploy/local/start.mjs')], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
process.once('SIGINT', () => platform.kill('SIGINT'));
try {
  await ready(platform);
  run('population', ['--patients', options.patients]);
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  platform.kill('SIGINT');
  await new Promise((resolve) => platform.once('exit', resolve));
  rmSync(home, { recursive: true, force: true });
}

async function main() {
  const { databaseUrl, auditUrl, logUrl } = databases();
  const db = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  db.on('error', () => undefined); // the server stops before this process does
  const people = await sample(db);
  const bare = fork(join(root, 'e2e/load/bare.mjs'), { env: { ...env, DATABASE_URL: databaseUrl, PORT: String(port + 50) } });
  await new Promise((resolve) => bare.once('message', resolve));
  const groups = groupsOf(home);
  const bareGroups = [...groups.filter(({ name }) => name === 'postgres'), { name: 'bare', pids: [bare.pid] }];
  const scenarios = scenariosOf({ token: token(), people });
  console.log(`\n${options.patients} patients; memory at rest (MB): ${format(memoryMb(groups))} in all ${sum(memoryMb(groups))}`);

  const results = {};
  for (const connections of options.connections.split(',').map(Number)) {
    const warm = { connections, seconds: 2 };
    const bareUrl = `http://127.0.0.1:${port + 50}`;
    await measure({ url: bareUrl, requests: bareRequests(people), groups: bareGroups, ...warm });
    const reference = await measure({ url: bareUrl, requests: bareRequests(people), groups: bareGroups, connections, seconds });
    report(`bare, ${connections} connections`, reference);
    results[`bare ${connections}`] = reference;
    for (const name of options.scenarios.split(',')) {
      const url = `http://127.0.0.1:${port}`;
      await measure({ url, requests: scenarios[name], groups, ...warm });
      const result = await measure({ url, requests: scenarios[name], groups, connections, seconds });
      const drained = await drain(databaseUrl, auditUrl, logUrl);
      report(`${name}, ${connections} connections`, result, reference);
      console.log(`    outbox and audit caught up ${drained.toFixed(2)} s after the last answer; memory (MB): ${format(memoryMb(groups))}`);
      results[`${name} ${connections}`] = { ...result, ratio: result.perSecond / reference.perSecond, drained };
    }
  }
  const steady = await measure({ url: `http://127.0.0.1:${port}`, requests: scenarios.search, groups, connections: 4, seconds, perSecond: 50 });
  report('search at 50/s', steady);
  results['search at 50/s'] = steady;
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 2));
  bare.disconnect();
  await db.end();
}

function report(title, { perSecond, p50, p95, p99, errors, statuses, cpu }, reference) {
  const ratio = reference ? `  ${(perSecond / reference.perSecond).toFixed(2)} of bare` : '';
  console.log(`${title.padEnd(28)} ${perSecond.toFixed(0).padStart(6)}/s  p50 ${p50.toFixed(2)} p95 ${p95.toFixed(2)} p99 ${p99.toFixed(2)} ms  errors ${errors}${ratio}`);
  if (errors) console.log(`    answers by status: ${format(statuses)}`);
  console.log(`    CPU s per 1,000: ${format(Object.fromEntries(Object.entries(cpu).map(([name, value]) => [name, value.toFixed(3)])))}`);
}

function format(facts) {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function sum(facts) {
  return Object.values(facts).reduce((total, value) => total + value, 0);
}

function ready(child) {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the platform did not start (${code})`)));
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      if (String(chunk).includes('Carespine is ready')) resolve();
    });
  });
}

function run(script, args) {
  const { status } = spawnSync('npm', ['run', '-s', script, '--', ...args], { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm run ${script} failed`);
}

function token() {
  const { stdout, status } = spawnSync('npm', ['run', '-s', 'token', '--', '--user', options.user, '--aal', '3'], { cwd: root, env, encoding: 'utf8' });
  if (status !== 0) throw new Error('npm run token failed');
  return stdout.trim();
}

function databases() {
  const secrets = JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8'));
  const url = (name) => `postgres://postgres:${secrets.passwords.postgres}@127.0.0.1:${port + 10}/${name}`;
  return { databaseUrl: url('demographics'), auditUrl: url('audit'), logUrl: url('event_log') };
}

async function sample(db) {
  const { rows } = await db.query(
    `SELECT record FROM patients TABLESAMPLE SYSTEM (20) WHERE status = 'active' AND confidentiality = 'U' AND birth_date IS NOT NULL ORDER BY random() LIMIT 3000`,
  );
  return rows
    .map(({ record }) => JSON.parse(record))
    .filter((patient) => patient.name?.[0]?.family)
    .map((patient) => ({ nhsNumber: patient.id, family: patient.name[0].family, given: patient.name[0].given?.[0] ?? '', birthDate: patient.birthDate }));
}

/** Seconds until every access record has reached the audit. */
async function drain(databaseUrl, auditUrl, logUrl) {
  const startedAt = performance.now();
  const [outbox, audit, log] = [databaseUrl, auditUrl, logUrl].map((url) => new pg.Client({ connectionString: url }));
  await Promise.all([outbox.connect(), audit.connect(), log.connect()]);
  try {
    for (;;) {
      const waiting = await outbox.query('SELECT 1 FROM outbox LIMIT 1');
      const [{ rows: consumed }, { rows: newest }] = await Promise.all([
        audit.query(`SELECT position FROM consumer_offset WHERE topic = 'audit.access.v1'`),
        log.query(`SELECT coalesce(max(position), 0) AS newest FROM event_log WHERE topic = 'audit.access.v1'`),
      ]);
      if (waiting.rowCount === 0 && Number(consumed[0]?.position ?? 0) >= Number(newest[0].newest)) return (performance.now() - startedAt) / 1000;
      await setTimeout(20);
    }
  } finally {
    await Promise.all([outbox.end(), audit.end(), log.end()]);
  }
}
