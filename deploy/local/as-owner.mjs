import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requireNode } from './install.mjs';
import { prepare } from './prepare.mjs';
import { loadSecrets } from './secrets.mjs';
import { host, postgresOffset, root, settingsFrom } from './settings.mjs';
import { giveUp, Obstacle } from './steps.mjs';

/**
 * Runs a service's program on its database in the copy that is running, as the owner of the tables.
 * @param {string} database
 * @param {string} program path within the repository
 * @param {string[]} args
 */
export async function runAsOwner(database, program, args) {
  try {
    requireNode();
    const { home, port, postgresUrl } = settingsFrom(process.env);
    if (!existsSync(join(home, 'secrets.json')))
      throw new Obstacle(`Nothing was started from ${home} yet: run npm start first, and leave it running.`);
    await prepare();
    const { databaseUrl, migratorOf } = await import('./databases.mjs'); // it needs the packages
    const role = migratorOf(database); // owns the tables, and so may analyse them
    const secrets = await loadSecrets(home, ['postgres', role]);
    const superuserUrl = postgresUrl ?? `postgres://postgres:${secrets.passwords.postgres}@${host}:${port + postgresOffset}/postgres`;
    const child = spawn(process.execPath, [join(root, program), ...args], {
      stdio: 'inherit',
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl(superuserUrl, { role, password: secrets.passwords[role], database }),
        PATIENT_KEY_SECRET: secrets.patientKeySecret,
      },
    });
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
    child.on('error', giveUp);
    child.on('exit', (code) => process.exit(code ?? 1));
  } catch (error) {
    giveUp(error);
  }
}
