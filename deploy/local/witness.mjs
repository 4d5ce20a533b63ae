import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { requireNode } from './install.mjs';
import { prepare } from './prepare.mjs';
import { privateJwk, verifierKey, writePrivately } from './secrets.mjs';
import { root } from './settings.mjs';
import { giveUp, Obstacle, say } from './steps.mjs';

const usage = 'npm run witness -- --name <address without scheme> --log <verifier key of a log> [--log …] [--state FOLDER] [--host 127.0.0.1] [--port 8788]';

/** Runs a witness by itself, away from the logs that it witnesses; its key is made at the first start and kept with its memory. */
try {
  requireNode();
  const { name, log, state, host, port } = wishes();
  await prepare();
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), state);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyFile = join(folder, 'key.jwk');
  if (!existsSync(keyFile)) writePrivately(keyFile, await privateJwk('ed25519', { alg: 'EdDSA' }));
  const key = JSON.parse(readFileSync(keyFile, 'utf8'));
  const origins = [...new Set(log.map((vkey) => vkey.split('+')[0]))];
  say(`Verifier key of this witness, for WITNESSES of the log:\n  ${verifierKey(name, 0x04, key)}`);
  const child = spawn(process.execPath, [join(root, 'services/witness/dist/src/main.js')], {
    stdio: 'inherit',
    env: {
      ...process.env,
      HOST: host,
      PORT: port,
      PUBLIC_URL: `http://${host}:${port}`,
      WITNESS_NAME: name,
      WITNESS_KEY: JSON.stringify(key),
      LOGS: JSON.stringify(origins.map((origin) => ({ origin, keys: log.filter((vkey) => vkey.startsWith(`${origin}+`)) }))),
      STATE_FOLDER: join(folder, 'seen'),
    },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  child.on('error', giveUp);
  child.on('exit', (code) => process.exit(code ?? 1));
} catch (error) {
  giveUp(error);
}

function wishes() {
  try {
    const { values } = parseArgs({
      options: {
        name: { type: 'string' },
        log: { type: 'string', multiple: true },
        state: { type: 'string', default: '.carespine-witness' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '8788' },
      },
    });
    if (values.name && values.log?.length) return { ...values, name: values.name, log: values.log };
  } catch {
    // said below
  }
  throw new Obstacle(`Say who you are and which logs you witness: ${usage}`);
}
