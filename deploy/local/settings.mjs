import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Obstacle } from './steps.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything listens on this address alone. */
export const host = '127.0.0.1';
export const postgresOffset = 10;
export const kafkaOffset = 11;
export const kafkaControllerOffset = 12;

/**
 * @typedef {object} Settings what a person may choose, from CARESPINE_* variables and the arguments of `npm start`
 * @property {string} home state of this copy: database, secrets, logs, process ids
 * @property {number} port of the gateway; every other port is this one plus an offset
 * @property {string | undefined} postgresUrl superuser of an existing server, used in place of the embedded one
 * @property {boolean} kafka whether a broker is started, to be the event log
 * @property {string[]} people files of people who can sign in at the simulator
 * @property {string[]} applications files of supplier applications
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} [args]
 * @returns {Settings}
 */
export function settingsFrom(env, args = []) {
  const port = Number(env.CARESPINE_PORT || 8080);
  const highest = 65535 - kafkaControllerOffset;
  const unknown = args.find((arg) => arg !== '--kafka');
  if (unknown) throw new Obstacle(`npm start does not know ${unknown}: it takes --kafka alone, the rest is set by CARESPINE_* variables.`);
  const kafka = args.length > 0;
  if (kafka && env.KAFKA_BROKERS) throw new Obstacle('--kafka starts a broker, and KAFKA_BROKERS names one that runs already: give one of them.');
  if (!Number.isInteger(port) || port < 1 || port > highest)
    throw new Obstacle(`CARESPINE_PORT must be a whole number from 1 to ${highest}.`);
  return {
    home: resolve(root, env.CARESPINE_HOME || '.carespine'),
    port,
    postgresUrl: env.CARESPINE_POSTGRES_URL || undefined,
    kafka,
    people: [join(root, 'deploy/demo/people.json'), ...files(env, 'CARESPINE_PEOPLE')],
    applications: [join(root, 'deploy/demo/applications.json'), ...files(env, 'CARESPINE_APPLICATIONS')],
  };
}

/** @param {NodeJS.ProcessEnv} env @param {string} name */
function files(env, name) {
  const paths = (env[name] ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter(Boolean)
    .map((path) => resolve(path));
  const missing = paths.find((path) => !existsSync(path));
  if (missing) throw new Obstacle(`${name} names ${missing}, which does not exist: correct the path.`);
  return paths;
}

/** Makes the state folder and its parts. */
export function openHome(home) {
  try {
    for (const folder of ['logs', 'run', 'applications']) {
      mkdirSync(join(home, folder), { recursive: true });
      accessSync(join(home, folder), constants.W_OK);
    }
  } catch (error) {
    throw new Obstacle(
      `The state folder ${home} cannot be written (${error.code}): take the right to it, or choose another with CARESPINE_HOME.`,
    );
  }
}
