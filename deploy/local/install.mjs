import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './settings.mjs';
import { Obstacle, step } from './steps.mjs';

/** Refuses a Node.js older than package.json's `engines` asks for. */
export function requireNode(version = process.versions.node) {
  const needed = readPackages('package.json').engines.node.replace('>=', '');
  const [major, minor, patch] = version.split('.').map(Number);
  const [neededMajor, neededMinor, neededPatch] = needed.split('.').map(Number);
  if ((major - neededMajor || minor - neededMinor || patch - neededPatch) < 0) {
    throw new Obstacle(`Carespine needs Node.js ${needed} or later and this is ${version}: install a newer one.`);
  }
}

/** Whether node_modules is what package-lock.json says. */
export const packagesInstalled = () => isInstalled(readPackages('package-lock.json'), readPackages('node_modules/.package-lock.json'));

/**
 * Installs what package-lock.json says, and writes to neither it nor package.json. `npm ci` would refuse a lock file that lacks the
 * optional packages of other systems, which not every registry offers.
 */
export async function installPackages() {
  await step('Packages', () => {
    const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
    const [command, ...args] = [...npm, 'install', '--no-save', '--include=dev', '--no-audit', '--no-fund'];
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (status === 0) return;
    console.error(`${stdout ?? ''}${stderr ?? ''}`);
    throw new Obstacle(`npm install failed (${error?.message ?? `code ${status}`}): its messages above say why.`);
  });
}

/**
 * Whether every package of the lock file is there in its version. npm writes the second file at the end of an install; it lacks the
 * optional packages of other machines.
 */
export function isInstalled(wanted, present) {
  if (!present) return false;
  return Object.entries(wanted.packages).every(([path, { version, optional, devOptional }]) => {
    if (path === '' || optional || devOptional) return true;
    const found = present.packages[path];
    return found !== undefined && found.version === version;
  });
}

function readPackages(file) {
  const path = join(root, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
