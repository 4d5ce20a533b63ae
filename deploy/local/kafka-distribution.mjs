import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './settings.mjs';
import { Obstacle } from './steps.mjs';

const pom = join(root, 'deploy/kafka/pom.xml');
const oldestJava = 17; // Apache Kafka 4 "Compatibility": brokers run on Java 17 and later
const existingBroker =
  'use a broker that runs already: KAFKA_BROKERS=host:port npm start, with KAFKA_TLS, KAFKA_CA_FILE, KAFKA_SASL_MECHANISM, ' +
  'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD where it asks for them';

/** Of this machine's user, outside the checkout: every copy and every checkout runs the same broker. */
const cache = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'carespine');

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

/**
 * The broker's jars, fetched with Maven when they are not there yet.
 * @returns {{ folder: string, classPath: string }} `folder` also keeps what is made from the jars
 * @throws {Obstacle} when Maven is missing or gets no answer
 */
export function kafkaJars(env = process.env) {
  const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pom, 'utf8'))?.[1];
  const folder = join(cache(), `kafka-${version}`);
  if (!existsSync(folder)) fetchJars(folder, env);
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return { folder, classPath: jars.sort().map((jar) => join(folder, jar)).join(':') }; // one order: a class archive is bound to it
}

/** Into a folder beside, renamed when it is whole. Maven refuses a jar that does not have its checksum. */
function fetchJars(folder, env) {
  mkdirSync(cache(), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    const { status, error, stdout } = spawnSync(
      'mvn',
      ['-B', '-q', '-C', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`, '-DincludeScope=runtime'],
      { cwd: tmpdir(), env, encoding: 'utf8' },
    );
    if (error) throw new Obstacle(`Kafka is fetched with Maven and there is no mvn to run (${error['code']}): install Maven, or ${existingBroker}.`);
    if (status !== 0) {
      const reason = /^\[ERROR\] (.*)$/m.exec(stdout)?.[1] ?? `code ${status}`;
      throw new Obstacle(`Maven could not fetch Kafka (${reason}): see to its settings and its repository, or ${existingBroker}.`);
    }
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
