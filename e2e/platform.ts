import { spawn, type ChildProcess } from 'node:child_process';
import type { JsonWebKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const ROOT = resolve(__dirname, '..');
const START_WITHIN_MS = 240_000; // the first start builds

const STOP_WITHIN_MS = 30_000;

/** A platform that runs. */
export interface Platform {
  /** Address of the gateway. */
  url: string;
  /** Its state folder. */
  home: string;
}

/** The one that the journeys share: see start-platform.ts. */
export function thePlatform(): Platform {
  const { E2E_URL: url, E2E_HOME: home } = process.env;
  if (!url || !home) throw new Error('E2E_URL and E2E_HOME are not set: run the journeys through `npm test -- e2e`');
  return { url, home };
}

export interface OwnPlatform extends Platform {
  /** What the launcher said so far. */
  output: () => string;
  stop: () => Promise<void>;
}

/** Starts everything as `npm start` does, with a state folder and ports of its own; on a Kafka broker where CARESPINE_KAFKA is set. */
export async function startPlatform(): Promise<OwnPlatform> {
  const home = mkdtempSync(join(tmpdir(), 'carespine-e2e-'));
  const port = await freePorts();
  const launcher = spawn(process.execPath, [join(ROOT, 'deploy/local/start.mjs'), ...(process.env['CARESPINE_KAFKA'] ? ['--kafka'] : [])], {
    cwd: ROOT,
    env: { ...process.env, CARESPINE_HOME: home, CARESPINE_PORT: String(port), CARESPINE_POSTGRES_URL: '', KAFKA_BROKERS: '', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [launcher.stdout, launcher.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<void>((done) => launcher.once('exit', () => done()));
  const endWithUs = (): boolean => launcher.kill('SIGTERM');
  process.once('exit', endWithUs);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', endWithUs);
    launcher.kill('SIGTERM');
    const atOnce = setTimeout(() => launcher.kill('SIGTERM'), STOP_WITHIN_MS); // the second one does not wait
    await ended;
    clearTimeout(atOnce);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await ready(launcher, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, home, output: () => output, stop };
}

async function ready(launcher: ChildProcess, output: () => string): Promise<void> {
  for (const deadline = Date.now() + START_WITHIN_MS; !output().includes('Carespine is ready'); await delay(50)) {
    if (launcher.exitCode !== null || Date.now() > deadline) throw new Error(`The platform did not start:\n${output()}`);
  }
}

/** How far a platform's database and its last port, the broker's controller, lie behind its first. */
const DATABASE_PORT = 10;
const LAST_PORT = 12;

/** The first of a block of ports that nothing holds. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: LAST_PORT + 1 }, (_, offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((tell) => {
    const server = createServer();
    server.once('error', () => tell(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => tell(true)));
  });

/** Address of what listens on a platform's port plus `offset`: see deploy/local/services.mjs. */
export function addressOf({ url }: Platform, offset: number): string {
  const address = new URL(url);
  address.port = String(Number(address.port) + offset);
  return address.origin;
}

export interface Secrets {
  passwords: Record<string, string>;
  patientKeySecret: string;
  tokenClientKey: JsonWebKey & { kid: string };
  contextKey: JsonWebKey & { kid: string };
}

export const secretsOf = ({ home }: Platform): Secrets => JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8')) as Secrets;

/** One of a platform's databases, as the server's superuser. */
export function databaseUrl(platform: Platform, database: string): string {
  const url = new URL(`postgres://postgres@127.0.0.1/${database}`);
  url.port = new URL(addressOf(platform, DATABASE_PORT)).port;
  url.password = secretsOf(platform).passwords['postgres'] ?? '';
  return url.href;
}
