import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt, lastBuild } from './build.mjs';
import { installPackages, packagesInstalled } from './install.mjs';
import { inTurn } from './pid-files.mjs';
import { root } from './settings.mjs';
import { Obstacle } from './steps.mjs';

/**
 * Packages installed and every project built; costs next to nothing when both are as they should be.
 * @returns {Promise<string>} names the build
 */
export async function prepare() {
  if (!packagesInstalled() || !isBuilt()) {
    await alone(async () => {
      if (!packagesInstalled()) await installPackages();
      if (!isBuilt()) await build();
    });
  }
  return lastBuild();
}

/** Packages installed. */
export async function preparePackages() {
  if (packagesInstalled()) return;
  await alone(async () => {
    if (!packagesInstalled()) await installPackages();
  });
}

/** Two copies may start from one checkout at once. */
async function alone(work) {
  const folder = join(root, '.nx');
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Obstacle(
      `${root} cannot be written (${error.code}), and packages and programs are put there: start as the owner of that folder.`,
    );
  }
  await inTurn(join(folder, 'prepare.pid'), work);
}
