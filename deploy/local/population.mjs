import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requireNode } from './install.mjs';
import { prepare } from './prepare.mjs';
import { loadSecrets } from './secrets.mjs';
import { host, postgresOffset, root, settingsFrom } from './settings.mjs';
import { giveUp, Obstacle } from './steps.mjs';

const database = 'demographics';

/** `npm run population -- …`: fills the demographics of the copy that is running; its arguments are those of the program below. */
try {
  requireNode();
  const { home, port, postgresUrl } = settingsFrom(process.env);
  if (!existsSync(join(home, 'secrets.json'))) throw new Obstacle(`Nothing was started from ${home} yet: run npm start first, and leave it running.`);
  await prepare();
  const { databaseUrl, migratorOf } = await import('./databases.mjs'); // it needs the packages
  const role = migratorOf(database); // owns the tables, and so may analyse them
  const secrets = await loadSecrets(home, ['postgres', role]);
  const superuserUrl = postgresUrl ?? `postgres://postgres:${secrets.passwords.postgres}@${host}:${port + postgresOffset}/postgres`;
  const program = join(root, 'services/demographics/dist/src/population/main.js');
  // npm changes to the workspace; a file is meant from where the person stands
  const from = process.env.INIT_CWD ?? process.cwd();
  const args = process.argv.slice(2).map((arg, at, all) => {
    if (arg.startsWith('--import=')) return `--import=${resolve(from, arg.slice('--import='.length))}`;
    return all[at - 1] === '--import' ? resolve(from, arg) : arg;
  });
  const child = spawn(process.execPath, [program, ...args], {
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
