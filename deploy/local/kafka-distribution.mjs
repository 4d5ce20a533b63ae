import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './settings.mjs';
import { Obstacle, step } from './steps.mjs';

const pom = join(root, 'deploy/kafka/pom.xml');
const oldestJava = 17; // Apache Kafka 4 "Compatibility": brokers run on Java 17 and later
const existingBroker =
  'use a broker that runs already: KAFKA_BROKERS=host:port npm start, with KAFKA_TLS, KAFKA_CA_FILE, KAFKA_SASL_MECHANISM, ' +
  'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD where it asks for them';

/** Of this machine's user, outside the checkout: every copy and every checkout runs the same broker. */
const cacheOf = (env) => join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'carespine');

/**
 * The Java of JAVA_HOME, or else of PATH.
 * @returns {{ command: string, version: string }}
 * @throws {Obstacle} when there is none, or only one that is too old
 */
export function findJava(env = process.env) {
  const command = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin/java') : 'java';
  const { status, stderr } = spawnSync(command, ['-version'], { env, encoding: 'utf8' });
  const version = status === 0 ? /version "([^"]+)"/.exec(stderr)?.[1] : undefined;
  if (version && Number.parseInt(version, 10) >= oldestJava) return { command, version };
  const found = version ? `this is Java ${version}` : 'none was found';
  throw new Obstacle(`Kafka needs Java ${oldestJava} or later and ${found}: install it and set JAVA_HOME or PATH, or ${existingBroker}.`);
}

/** Refuses what a broker cannot be had without, before anything is installed or built for it. */
export async function requireKafka(env = process.env) {
  findJava(env);
  if (!existsSync(jarFolder(env)) && (await output('mvn', ['-v'], { env })).missing) throw noMaven();
}

/**
 * The broker's jars, fetched with Maven when they are not there yet.
 * @param {AbortSignal} [signal] ends the fetching
 * @returns {Promise<{ folder: string, classPath: string }>} `folder` also keeps what is made from the jars
 * @throws {Obstacle} when Maven is missing or gets no answer
 */
export async function kafkaJars(signal, env = process.env) {
  const folder = jarFolder(env);
  if (!existsSync(folder)) await step('Kafka: its jars, by Maven', () => fetchJars(folder, { signal, env }));
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return { folder, classPath: jars.sort().map((jar) => join(folder, jar)).join(':') }; // one order: a class archive is bound to it
}

const jarFolder = (env) => join(cacheOf(env), `kafka-${/<kafka\.version>([^<]+)</.exec(readFileSync(pom, 'utf8'))?.[1]}`);

/** Into a folder beside, renamed when it is whole. Maven refuses a jar that does not have its checksum. */
async function fetchJars(folder, options) {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    const args = ['-B', '-q', '-C', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`, '-DincludeScope=runtime'];
    const { missing, code, text } = await output('mvn', args, { cwd: tmpdir(), ...options });
    if (missing) throw noMaven();
    if (code !== 0) {
      const reason = /^\[ERROR\] (.*?)\.?$/m.exec(text)?.[1] ?? `code ${code}`;
      throw new Obstacle(`Maven could not fetch Kafka (${reason}): see to its settings and its repository, or ${existingBroker}.`);
    }
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

const noMaven = () => new Obstacle(`Kafka is fetched with Maven and there is no mvn on the PATH: install Maven, or ${existingBroker}.`);

/** Runs a tool to its end. */
function output(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.once('error', (error) => (error['code'] === 'ENOENT' ? resolve({ missing: true, text }) : reject(error)));
    child.once('close', (code) => resolve({ missing: false, code, text }));
  });
}
