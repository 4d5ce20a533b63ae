import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { privateJwk, publicJwks, writePrivately } from './secrets.mjs';
import { Obstacle } from './steps.mjs';

/**
 * Gives each demo application without keys of its own an RSA-3072 pair: the private one to `applications/<clientId>.jwk.json` for whoever
 * plays that application, the public one into the file that the gateway reads.
 * @param {string} home
 * @param {string} source `{ applications: [{ clientId, jwks?, jwksUri?, … }] }`
 * @returns {Promise<string>} the file for the gateway
 */
export async function registerApplications(home, source) {
  const { applications } = readJson(source);
  const registered = await Promise.all(
    applications.map(async (application) =>
      application.jwks || application.jwksUri ? application : { ...application, jwks: publicJwks(await keyOf(home, application.clientId)) },
    ),
  );
  const file = join(home, 'applications.json');
  writeFileSync(file, `${JSON.stringify({ applications: registered }, undefined, 2)}\n`);
  return file;
}

async function keyOf(home, clientId) {
  const file = join(home, 'applications', `${clientId}.jwk.json`);
  if (!existsSync(file)) writePrivately(file, await privateJwk('rsa', { alg: 'RS512', modulusLength: 3072 }));
  return readJson(file);
}

/** A JSON file that people may edit. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Obstacle(`${file} cannot be read (${error.code ?? error.message}): put it right.`);
  }
}
