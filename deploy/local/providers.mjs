import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates } from '../../e2e/providers/certificates.mjs';
import { readJson } from './applications.mjs';
import { writePrivately } from './secrets.mjs';
import { host, root } from './settings.mjs';

/**
 * The provider simulator as the record locator knows it: its certificates, made once, and a registry in which it is the demo's providers.
 * @param {string} home
 * @param {number} port of the simulator
 * @returns {Promise<{ certificates: string, registry: string }>} files
 */
export async function registerProviders(home, port) {
  const certificates = join(home, 'provider-certificates.json');
  if (!existsSync(certificates)) writePrivately(certificates, await makeCertificates());
  const { ca } = readJson(certificates);
  const endpoint = { host, port, mechanisms: ['Direct', 'SSP', 'LDR', 'InContext'], ca, loopback: true };
  const { providers } = readJson(join(root, 'deploy/demo/providers.json'));
  const registry = join(home, 'providers.json');
  const registered = providers.map(({ asid, ...provider }) => ({ ...provider, endpoints: [{ ...endpoint, asid }] }));
  writeFileSync(registry, `${JSON.stringify({ providers: registered }, undefined, 2)}\n`);
  return { certificates, registry };
}
