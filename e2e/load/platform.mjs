import { fork, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groupsOf } from './processes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts a platform of its own in a folder of its own, and resolves when it is ready. `stop` ends it and removes the folder.
 *
 * @param {number} port the gateway's
 */
export async function startPlatform(port) {
  const home = mkdtempSync(join(tmpdir(), 'carespine-load-'));
  const env = { ...process.env, CARESPINE_HOME: home, CARESPINE_PORT: String(port), LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [join(root, 'deploy/local/start.mjs')], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const interrupt = () => child.kill('SIGINT');
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);

  const stop = async () => {
    interrupt();
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
  const npmRun = (script, args, stdio) => {
    const { status, stdout } = spawnSync('npm', ['run', '-s', script, '--', ...args], { cwd: root, env, stdio, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm run ${script} failed`);
    return stdout;
  };
  const databaseUrl = (name) => {
    const { passwords } = JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8'));
    return `postgres://postgres:${passwords.postgres}@127.0.0.1:${port + 10}/${name}`;
  };
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      if (String(chunk).includes('Carespine is ready')) resolve(true);
    });
  });
  if ((await Promise.race([ready, ended])) !== true) {
    await stop();
    throw new Error('the platform did not start');
  }
  const groups = groupsOf(home);
  return {
    home,
    url: `http://127.0.0.1:${port}`,
    groups,
    databaseUrl,
    stop,
    run: (script, args) => npmRun(script, args, 'inherit'),
    token: (args) => npmRun('token', args, ['ignore', 'pipe', 'inherit']).trim(),

    /** Starts what the platform is measured against: a handler on one of its databases, in a process of its own. */
    async startBare(file, database) {
      const handler = fork(join(root, 'e2e/load', file), { env: { ...env, DATABASE_URL: databaseUrl(database), PORT: String(port + 50) } });
      await new Promise((resolve) => handler.once('message', resolve));
      return {
        url: `http://127.0.0.1:${port + 50}`,
        groups: [...groups.filter(({ name }) => name === 'postgres'), { name: 'bare', pids: [handler.pid] }],
        stop: () => handler.disconnect(),
      };
    },
  };
}
