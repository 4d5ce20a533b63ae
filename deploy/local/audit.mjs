import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requireNode } from './install.mjs';
import { prepare } from './prepare.mjs';
import { loadSecrets } from './secrets.mjs';
import { host, postgresOffset, root, settingsFrom } from './settings.mjs';
import { giveUp, Obstacle } from './steps.mjs';

/** `npm run audit -- …`: verifies the log of accesses of the copy that is running, erases at the end of retention, keeps holds, checks proofs. */
try {
  requireNode();
  const settings = settingsFrom(process.env);
  const args = process.argv.slice(2);
  const isApart = args[0] === 'check-proof'; // needs no platform
  if (!isApart && !existsSync(join(settings.home, 'secrets.json'))) {
    throw new Obstacle(`Nothing was started from ${settings.home} yet: run npm start first, and leave it running.`);
  }
  await prepare();
  // npm changes to the workspace; a file is meant from where the person stands
  const from = process.env.INIT_CWD ?? process.cwd();
  const child = spawn(process.execPath, [join(root, 'services/audit/dist/src/command/main.js'), ...args], {
    stdio: 'inherit',
    cwd: from,
    env: isApart ? process.env : await environmentOf(settings),
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  child.on('error', giveUp);
  child.on('exit', (code) => process.exit(code ?? 2));
} catch (error) {
  giveUp(error);
}

/** That of the audit service, and where every service's own count of what it recorded is read. */
async function environmentOf({ home, port, postgresUrl, people, applications }) {
  const [{ databaseUrl, eventLog }, { commonEnvironment, services }] = await Promise.all([import('./databases.mjs'), import('./services.mjs')]); // they need the packages
  const databases = services.flatMap(({ database }) => database ?? []);
  const secrets = await loadSecrets(home, ['postgres', eventLog, ...databases]);
  const superuserUrl = postgresUrl ?? `postgres://postgres:${secrets.passwords.postgres}@${host}:${port + postgresOffset}/postgres`;
  const urlOf = (/** @type {string} */ database) => databaseUrl(superuserUrl, { role: database, password: secrets.passwords[database], database });
  const url = (/** @type {string} */ name) => `http://${host}:${port + (services.find((service) => service.name === name)?.offset ?? 0)}`;
  const stack = { home, publicUrl: `http://${host}:${port}`, secrets, people, applications, url };
  return {
    ...process.env,
    ...commonEnvironment(stack),
    ...services.find(({ name }) => name === 'audit')?.env(stack),
    DATABASE_URL: urlOf('audit'),
    EVENT_LOG_URL: urlOf(eventLog),
    SERVICE_DATABASES: JSON.stringify(Object.fromEntries(services.filter(({ database }) => database).map(({ name, database }) => [name, urlOf(database)]))),
  };
}
