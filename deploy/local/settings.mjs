import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Obstacle } from './steps.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything listens on this address alone. */
export const host = '127.0.0.1';
export const postgresOffset = 10;

/**
 * @typedef {object} Settings what a person may choose, from CARESPINE_* variables
 * @property {string} home state of this copy: database, secrets, logs, process ids
 * @property {number} port of the gateway; every other port is this one plus an offset
 * @property {string | undefined} postgresUrl superuser of an existing server, used in place of the embedded one
 * @property {string[]} people files of people who can sign in at the simulator
 * @property {string[]} applications files of supplier applications
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function settingsFrom(env) {
  const port = Number(env.CARESPINE_PORT || 8080);
  const highest = 65535 - postgresOffset;
  if (!Number.isInteger(port) || port < 1 || port > highest)
    throw new Obstacle(`CARESPINE_PORT must be a whole number from 1 to ${highest}.`);
  return {
    home: resolve(root, env.CARESPINE_HOME || '.carespine'),
    port,
    postgresUrl: env.CARESPINE_POSTGRES_URL || undefined,
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
