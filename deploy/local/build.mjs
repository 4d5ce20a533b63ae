import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './settings.mjs';
import { Obstacle, step } from './steps.mjs';

const stamp = join(root, 'node_modules/.cache/carespine/built');
const made = new Set(['dist', 'node_modules']);

/** Whether no source has changed since the last build. */
export function isBuilt() {
  if (!existsSync(stamp) || lastBuild() !== fingerprint()) return false;
  return projects().every((project) => existsSync(join(project, 'dist')));
}

/** Names what was built last. */
export const lastBuild = () => readFileSync(stamp, 'utf8');

/** Builds every project; Nx takes from its cache those whose sources it has built before. */
export async function build() {
  const sources = fingerprint();
  await step('Build', () => {
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/nx'), ['run-many', '-t', 'build', '--outputStyle=static'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) {
      console.error(`${stdout ?? ''}${stderr ?? ''}`);
      throw new Obstacle('The build failed: its messages above say why.');
    }
  });
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, sources);
}

function projects() {
  return ['libs', 'services']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
    .filter(
      (project) =>
        existsSync(join(project, 'package.json')) && JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).scripts?.build,
    );
}

/** Of every file that a build reads: its path, size and time of change. */
function fingerprint() {
  const hash = createHash('sha256');
  const add = (path) => {
    const file = statSync(path, { throwIfNoEntry: false });
    if (file?.isDirectory())
      for (const name of readdirSync(path)
        .filter((entry) => !made.has(entry))
        .sort())
        add(join(path, name));
    else if (file) hash.update(`${path} ${file.size} ${file.mtimeMs}\n`);
  };
  for (const source of ['libs', 'services', '.swcrc', 'nx.json', 'package-lock.json']) add(join(root, source));
  return hash.digest('hex');
}
