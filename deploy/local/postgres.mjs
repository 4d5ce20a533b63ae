import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, identityOf } from './pid-files.mjs';
import { binariesFor, mayEnter } from './postgres-binaries.mjs';
import { startProcess } from './processes.mjs';
import { host } from './settings.mjs';
import { Obstacle } from './steps.mjs';

/** Folder of the data, named by the major version that can read it. */
export const dataFolder = 'postgres-18';

/** For one small machine that keeps its data: a quarter of a gigabyte of cache, few checkpoints, and a disk that is no spinning one. */
export const smallMachine = {
  max_connections: 200,
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  random_page_cost: 1.1,
  jit: 'off',
  // Parallel workers share memory through /dev/shm, which containers keep small; two cores gain nothing from them.
  max_parallel_workers_per_gather: 0,
  wal_compression: 'on', // the packaged binaries are built without lz4
  min_wal_size: '512MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: 0.9,
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** For tests alone: a crash of the machine loses everything, and every commit is fast. */
export const throwAway = { max_connections: 300, fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', jit: 'off' };

/**
 * Starts the embedded PostgreSQL, making its data folder at first, and returns when it accepts connections.
 * A server that a killed launcher left on the same folder is stopped before.
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} options.port
 * @param {string} options.password of the superuser `postgres`; counts when the folder is made
 * @param {Record<string, string | number>} [options.settings]
 * @param {string} options.log file that the server's messages are added to
 * @param {AbortSignal} [options.signal] ends the server also while it is starting
 * @throws {Obstacle} when a person must do something first
 * @returns {Promise<import('./processes.mjs').Running & { port: number, superuserUrl: string }>} `exited` tells when the server ends
 */
export async function startPostgres({ dataDir, port, password, settings = {}, log, signal }) {
  await endLeftoverServer(dataDir);
  const { bin, user } = binariesFor(dataDir);
  if (!hasData(dataDir)) initialise({ dataDir, bin, user, password, sync: settings.fsync !== 'off' });

  const chosen = { listen_addresses: host, port, unix_socket_directories: '', ...settings };
  const logged = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const server = startProcess(
    join(bin, 'postgres'),
    ['-D', asSeenBy(user, dataDir), ...Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...user, cwd: dataDir, env: serverEnvironment, log, ask: 'SIGINT', force: 'SIGQUIT', graceMs: 30_000 },
  );
  const releaseGuard = guard(server.pid, user);
  let how;
  void server.exited.then((outcome) => {
    how = outcome;
    releaseGuard();
  });
  const stop = () => void server.stop();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  while (how === undefined && !acceptsConnections(dataDir, server.pid)) await delay(10);
  signal?.removeEventListener('abort', stop);
  if (how !== undefined) throw refusal(readFileSync(log).subarray(logged).toString(), how, { port, log });
  return { ...server, port, superuserUrl: `postgres://postgres:${password}@${host}:${port}/postgres` };
}

/** A server in a folder of its own that `stop` removes again; for tests. */
export async function startThrowAwayPostgres(port) {
  const folder = mkdtempSync(join(tmpdir(), 'carespine-test-'));
  chmodSync(folder, 0o755); // as root the server runs as another user
  const log = join(folder, 'log');
  const server = await startPostgres({ dataDir: join(folder, dataFolder), port, password: 'test', settings: throwAway, log });
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const serverEnvironment = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' };

function hasData(dataDir) {
  try {
    return statSync(join(dataDir, 'PG_VERSION')).isFile();
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw new Obstacle(
      `The data folder ${dataDir} belongs to another user: start as that user, or choose another state folder with CARESPINE_HOME.`,
    );
  }
}

/** Made aside and renamed when it is whole: a folder that bears the name can be started. */
function initialise({ dataDir, bin, user, password, sync }) {
  const unfinished = `${dataDir}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  own(unfinished, user);
  const passwordFile = `${unfinished}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  own(passwordFile, user);
  const descriptor = openSync(passwordFile, 'r'); // handed on open: the user may be unable to reach it by name
  rmSync(passwordFile);
  const made = spawnSync(
    join(bin, 'initdb'),
    [
      '-D',
      asSeenBy(user, unfinished),
      '-U',
      'postgres',
      '--pwfile',
      '/dev/stdin',
      '-A',
      'scram-sha-256',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      ...(sync ? [] : ['--no-sync']),
    ],
    { ...user, cwd: unfinished, env: serverEnvironment, stdio: [descriptor, 'pipe', 'pipe'], encoding: 'utf8' },
  );
  closeSync(descriptor);
  if (made.status !== 0)
    throw new Obstacle(`The database could not be made in ${dataDir}: ${lastLine(made.stderr) ?? made.error?.message}.`);
  renameSync(unfinished, dataDir);
}

function own(path, { uid, gid }) {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/**
 * The name of the data folder for the user that the server runs as. As root, that user may be kept out of a folder above (a checkout
 * under /root): Linux then still lets a process into its own working folder, which is entered before the user changes.
 */
function asSeenBy(user, folder) {
  if (user.uid === undefined || mayEnter(folder, user.uid)) return folder;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new Obstacle(
    `PostgreSQL does not run as root, and another user may not enter ${folder}: choose a state folder with CARESPINE_HOME that others may enter, or start as an ordinary user.`,
  );
}

/** Stops the server when this process dies without doing so: the shell's input ends, and with it the read. */
function guard(pid, user) {
  const shell = spawn('/bin/sh', ['-c', `read -r _; kill -INT ${pid}`], {
    ...user,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => {});
  shell.unref();
  shell.stdin.unref?.();
  return () => void shell.kill('SIGKILL');
}

/** @returns whether the server says in its lock file that it is ready; see PostgreSQL `src/include/utils/pidfile.h` */
function acceptsConnections(dataDir, pid) {
  const lines = lockFile(dataDir);
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function lockFile(dataDir) {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** Ends a server that a killed launcher left on the folder. */
export async function endLeftoverServer(dataDir) {
  const pid = Number(lockFile(dataDir)[0]);
  if (!pid || !identityOf(pid)) return;
  if (servesFolder(pid, dataDir)) await endProcess(pid, 'SIGINT', 'SIGQUIT', 30_000);
  else rmSync(join(dataDir, 'postmaster.pid'), { force: true }); // the number has since gone to another process
}

function servesFolder(pid, dataDir) {
  if (process.platform !== 'linux') return identityOf(pid)?.includes(dataDir);
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
  } catch {
    return false;
  }
}

function refusal(messages, how, { port, log }) {
  if (/could not bind|could not create any TCP/.test(messages))
    return new Obstacle(`Port ${port} is taken: stop what uses it, or choose other ports with CARESPINE_PORT.`);
  if (/lock file .* already exists|shared memory block .* is still in use/.test(messages))
    return new Obstacle('Another PostgreSQL server uses the same data folder: stop it first.');
  if (/Permission denied/.test(messages))
    return new Obstacle(
      `PostgreSQL may not read its data (${lastLine(messages)}): give the folder back to its owner, or choose another with CARESPINE_HOME.`,
    );
  return new Obstacle(`PostgreSQL did not start (${lastLine(messages) ?? how}): the end of ${log} says why.`);
}

function lastLine(text) {
  return text
    ?.trim()
    .split('\n')
    .filter((line) => /FATAL|PANIC|error/i.test(line))
    .at(-1)
    ?.replace(/^.*?(FATAL|PANIC|error):\s*/i, '')
    .replace(/\.$/, '');
}
