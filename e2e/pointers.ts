import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOf, databaseUrl, ROOT, secretsOf, type Platform } from './platform';

/** Of the local launcher: the provider simulator's port is the gateway's plus this. */
const PROVIDER_PORT = 6;

interface PointerFacts {
  nhsNumber: string;
  /** At the provider simulator: a document or a misbehaviour. */
  path: string;
  contentType?: 'application/pdf' | 'text/html' | 'application/fhir+json';
  /** Code of a care plan. */
  type?: string;
}

interface DemoPointer {
  id: string;
  date: string;
  subject: { identifier: { value: string } };
  type: { coding: { code: string; display: string }[] };
  content: { attachment: Record<string, string>; format: { code: string; display: string } }[];
}

/** Adds pointers of RZZ02 to a platform, after the likeness of the demo's first: an end-of-life care plan. */
export async function addPointers(platform: Platform, ...pointers: PointerFacts[]): Promise<void> {
  const [first = ''] = readFileSync(join(ROOT, 'deploy/demo/pointers.ndjson'), 'utf8').split('\n');
  const { types } = JSON.parse(readFileSync(join(ROOT, 'services/record-locator/src/validation/pointer-types.json'), 'utf8')) as { types: { code: string; display: string }[] };
  const lines = pointers.map(({ nhsNumber, path, contentType = 'application/pdf', type }) => {
    const pointer = JSON.parse(first) as DemoPointer;
    pointer.id = `RZZ02-${randomUUID()}`;
    pointer.subject.identifier.value = nhsNumber;
    const coding = types.find(({ code }) => code === type);
    if (coding && pointer.type.coding[0]) Object.assign(pointer.type.coding[0], { code: coding.code, display: coding.display });
    const content = pointer.content[0];
    if (content) {
      content.attachment = { contentType, url: `https://provider-simulator.example.nhs.uk/${path}` };
      if (contentType !== 'application/pdf') Object.assign(content.format, { code: 'urn:nhs-ic:structured', display: 'Structured Document' });
      pointer.content = [content];
    }
    return `${JSON.stringify(pointer)}\n`;
  });
  const folder = mkdtempSync(join(tmpdir(), 'carespine-e2e-pointers-'));
  const file = join(folder, 'pointers.ndjson');
  writeFileSync(file, lines.join(''));
  const child = spawn(process.execPath, [join(ROOT, 'services/record-locator/dist/src/bulk/main.js'), 'demo', file], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl(platform, 'record_locator'),
      PATIENT_KEY_SECRET: secretsOf(platform).patientKeySecret,
      DEMO_PROVIDER: new URL(addressOf(platform, PROVIDER_PORT)).host,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((ended) => child.once('exit', ended));
  rmSync(folder, { recursive: true });
  if (code !== 0) throw new Error(`The pointers could not be added: ${said}`);
}
