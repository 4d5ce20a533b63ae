import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { eventually } from './eventually';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A headless Chromium: of CHROME_PATH, of the system, or out of an npm package, whichever there is first. */
export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  const installed = [process.env['CHROME_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
  const launch = async (env?: Record<string, string>): Promise<Browser> =>
    chromium.launch({ executablePath: installed ?? (await packaged()), headless: true, args: ARGS, ...(env && { env }) });
  // a worker beside this one may still be unpacking the same file
  return eventually(
    () =>
      launch().catch((error: Error) => {
        if (installed || !/error while loading shared libraries/.test(error.message)) throw error;
        return launch({ ...(process.env as Record<string, string>), LD_LIBRARY_PATH: packagedLibraries() });
      }),
    20_000,
  );
}

async function packaged(): Promise<string> {
  const { default: chromium } = await import('@sparticuz/chromium');
  return chromium.executablePath();
}

/** For systems without NSS: the package brings its libraries along for another system that lacks them too. */
function packagedLibraries(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chromium-libraries-'));
  const archive = join(dirname(require.resolve('@sparticuz/chromium')), '../../bin/al2023.tar.br');
  execFileSync('tar', ['x', '-C', folder], { input: brotliDecompressSync(readFileSync(archive)) });
  return join(folder, 'lib');
}
