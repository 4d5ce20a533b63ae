import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { thePlatform } from '../platform';
import { applicationTokens, userTokens } from './supplier';

const BASE = '/record-locator/consumer/FHIR/R4';
const CONSULTANT = '555000000101';
/** Of the demo: has pointers of every mechanism. */
const NHS_NUMBER = '9000000009';

interface Found {
  entry: { resource: { id: string; content: { attachment: { contentType: string }; extension: { valueCodeableConcept: { coding: { code: string }[] } }[] }[] } }[];
}

describe('the documents that the demo\'s pointers lead to', () => {
  const platform = thePlatform();
  let token: string;
  let found: Found;
  const ask = (path: string, more: Record<string, string> = {}): Promise<Response> =>
    fetch(`${platform.url}${BASE}${path}`, { headers: { authorization: `Bearer ${token}`, 'x-request-id': randomUUID(), ...more } });
  beforeAll(async () => {
    token = (await userTokens(platform, CONSULTANT)).access_token;
    found = (await (await ask(`/DocumentReference?subject:identifier=https://fhir.nhs.uk/Id/nhs-number|${NHS_NUMBER}`)).json()) as Found;
  });

  it('open, each by its mechanism', async () => {
    const opened = new Set<string>();
    for (const { id, content } of found.entry.map(({ resource }) => resource)) {
      for (const [index, { attachment, extension }] of content.entries()) {
        const answer = await ask(`/DocumentReference/${id}/$retrieve?content=${index}`);
        const mechanism = extension[1]?.valueCodeableConcept.coding[0]?.code ?? '';
        const isOpenedElsewhere = mechanism === 'InContext' || attachment.contentType === 'text/html';
        expect([id, answer.status, answer.headers.get('content-type')]).toEqual([id, 200, isOpenedElsewhere ? 'application/fhir+json;version=1' : attachment.contentType]);
        expect((await answer.text()).slice(0, 5)).toBe(isOpenedElsewhere ? '{"res' : '%PDF-');
        opened.add(mechanism);
      }
    }
    expect([...opened].sort()).toEqual(['Direct', 'InContext', 'LDR', 'SSP']);
  });

  it('open in the provider\'s viewer by the token, posted', async () => {
    const viewer = found.entry.find(({ resource }) => resource.content.some(({ extension }) => extension[1]?.valueCodeableConcept.coding[0]?.code === 'InContext'));
    const { parameter } = (await (await ask(`/DocumentReference/${viewer?.resource.id}/$retrieve`)).json()) as { parameter: { name: string; valueUrl?: string; valueString?: string }[] };
    const { ca } = JSON.parse(readFileSync(join(platform.home, 'provider-certificates.json'), 'utf8')) as { ca: string };
    const dispatcher = new Agent({ connect: { ca } });
    const form = new URLSearchParams({ token: parameter.find(({ name }) => name === 'token')?.valueString ?? '' });
    const { statusCode, body } = await request(parameter.find(({ name }) => name === 'url')?.valueUrl ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      dispatcher,
    });
    expect([statusCode, await body.text()]).toEqual([200, expect.stringContaining('The record opens here')]);
    await dispatcher.close();
  });

  it('open to a supplier of the product, for its organisation\'s types alone', async () => {
    token = (await applicationTokens(platform, 'example-ambulance-service')).access_token;
    const forHospital = { 'nhsd-end-user-organisation-ods': 'RZZ01' };
    expect((await ask('/DocumentReference/RZZ02-demo-0001/$retrieve', forHospital)).status).toBe(200);
    expect((await ask('/DocumentReference/Y12345-demo-0003/$retrieve', forHospital)).status).toBe(403);
    token = (await applicationTokens(platform, 'example-tracing-app')).access_token;
    expect((await ask('/DocumentReference/RZZ02-demo-0001/$retrieve', forHospital)).status).toBe(403);
  });
});
