import { fork, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { measure } from './measure.mjs';
import { barePointerRequests, ORGANISATION, patientsOf, pointerScenarios, writePointers } from './pointers.mjs';
import { groupsOf, memoryMb } from './processes.mjs';

/*
 * npm run load:locator [-- --pointers 100000 --more 0 --seconds 8 --connections 1,16,64 --minutes 0 --port 18800 --json FILE]
 *
 * Starts a platform of its own, imports pointers, and measures searches and creations through the gateway beside a bare handler on the same
 * database; with --more imports so many more and measures again. With --minutes: 50 requests a second of each operation for so long, the soak.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    pointers: { type: 'string', default: '100000' },
    more: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '1,16,64' },
    minutes: { type: 'string', default: '0' },
    port: { type: 'string', default: '18800' },
    json: { type: 'string' },
  },
});
const port = Number(options.port);
const seconds = Number(options.seconds);
const home = mkdtempSync(join(tmpdir(), 'carespine-locator-load-'));
const env = { ...process.env, CARESPINE_HOME: home, CARESPINE_PORT: String(port), LOG_LEVEL: 'warn' };
const url = `http://127.0.0.1:${port}`;
const results = {};

const platform = spawn(process.execPath, [join(root, 'deploy/local/start.mjs')], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
const interrupt = () => platform.kill('SIGINT');
process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
try {
  await ready();
  const [first, more] = [Number(options.pointers), Number(options.more)];
  await load(0, first, patientsOf(first));
  await measureAll(patientsOf(first), `${first} pointers`);
  if (more > 0) {
    await load(first, first + more, patientsOf(first + more));
    await measureAll(patientsOf(first), `${first + more} pointers`);
  }
  if (Number(options.minutes) > 0) await soak(patientsOf(first), Number(options.minutes));
  if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  platform.kill('SIGINT');
  if (platform.exitCode === null) await new Promise((resolve) => platform.once('exit', resolve));
  rmSync(home, { recursive: true, force: true });
}

/** Imported by the command that producers' operators use, a million at a time. */
async function load(from, to, patients) {
  const file = join(home, 'pointers.ndjson');
  for (let at = from; at < to; at += 1_000_000) {
    const end = Math.min(to, at + 1_000_000);
    await writePointers(file, at, end, patients);
    run('pointers', ['import', file, '--organisation', ORGANISATION]);
  }
  rmSync(file);
}

async function measureAll(patients, title) {
  console.log(`\n${title}`);
  const groups = groupsOf(home);
  const scenarios = pointerScenarios({ token: token(), patients });
  const bare = fork(join(root, 'e2e/load/bare-pointers.mjs'), { env: { ...env, DATABASE_URL: databaseUrl(), PORT: String(port + 50) } });
  await new Promise((resolve) => bare.once('message', resolve));
  const bareUrl = `http://127.0.0.1:${port + 50}`;
  const bareGroups = [...groups.filter(({ name }) => name === 'postgres'), { name: 'bare', pids: [bare.pid] }];
  for (const connections of options.connections.split(',').map(Number)) {
    const requests = barePointerRequests(patients);
    await measure({ url: bareUrl, requests, connections, seconds: 2, groups: [] });
    const reference = await measure({ url: bareUrl, requests, connections, seconds, groups: bareGroups });
    report(title, `bare, ${connections} connections`, reference);
    for (const [name, those] of Object.entries(scenarios)) {
      await measure({ url, requests: those, connections, seconds: 2, groups });
      report(
        title,
        `${name}, ${connections} connections`,
        await measure({ url, requests: those, connections, seconds, groups }),
        name === 'pointers' ? reference : undefined,
      );
    }
  }
  report(title, 'search at 200/s', await measure({ url, requests: scenarios.pointers, connections: 8, seconds, perSecond: 200, groups }));
  bare.disconnect();
}

/** Nothing fails and nothing grows. A token lives ten minutes, so the requests are made anew every five. */
async function soak(patients, minutes) {
  const groups = groupsOf(home).filter(({ name }) => name !== 'postgres');
  const memory = [memoryMb(groups)];
  let errors = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const scenarios = pointerScenarios({ token: token(), patients });
    const rounds = await Promise.all(
      Object.values(scenarios).map((requests) => measure({ url, requests, connections: 4, seconds: 60, perSecond: 50, groups: [] })),
    );
    errors += rounds.reduce((sum, round) => sum + round.errors, 0);
    memory.push(memoryMb(groups));
    console.log(
      `minute ${minute + 1}: errors ${errors}, p99 ${rounds.map(({ p99 }) => p99.toFixed(1)).join(' ')} ms, memory ${JSON.stringify(memory.at(-1))}`,
    );
  }
  results.soak = { errors, memory };
}

function report(title, name, result, reference) {
  const { perSecond, p50, p95, p99, errors, statuses, cpu } = result;
  const ratio = reference ? `  ${(perSecond / reference.perSecond).toFixed(2)} of bare` : '';
  console.log(
    `${name.padEnd(32)} ${perSecond.toFixed(0).padStart(6)}/s  p50 ${p50.toFixed(2)} p95 ${p95.toFixed(2)} p99 ${p99.toFixed(2)} ms  errors ${errors}${errors ? ` ${JSON.stringify(statuses)}` : ''}${ratio}`,
  );
  if (Object.keys(cpu).length > 1)
    console.log(
      `    CPU s per 1,000: ${Object.entries(cpu)
        .map(([process, value]) => `${process} ${value.toFixed(3)}`)
        .join(', ')}`,
    );
  results[`${title}: ${name}`] = { perSecond, p50, p95, p99, errors, ...(reference && { ratio: perSecond / reference.perSecond }) };
}

function ready() {
  return new Promise((resolve, reject) => {
    platform.once('exit', (code) => reject(new Error(`the platform did not start (${code})`)));
    platform.stdout.on('data', (chunk) => {
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
  const { stdout, status } = spawnSync('npm', ['run', '-s', 'token', '--', '--app', 'example-care-planning'], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error('npm run token failed');
  return stdout.trim();
}

function databaseUrl() {
  const secrets = JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8'));
  return `postgres://postgres:${secrets.passwords.postgres}@127.0.0.1:${port + 10}/record_locator`;
}
