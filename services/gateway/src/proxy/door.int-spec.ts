import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outcome } from '@carespine/contracts';
import { startService, type RunningService } from '@carespine/test-kit';
import { recordsOf } from '../oauth2/fixtures/running';
import { gateway } from '../service';
import { settings } from '../sign-in/fixtures/sign-in-service';

const NOBODY = 'http://127.0.0.1:9';

describe('the door of an API whose service does not answer', () => {
  let service: RunningService;
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  beforeAll(async () => {
    const applications = join(folder, 'applications.json');
    writeFileSync(applications, JSON.stringify({ applications: [] }));
    const routes = { '/record-locator/': NOBODY, '/audit/': NOBODY, '/': NOBODY };
    service = await startService(gateway, settings(NOBODY, { APPLICATIONS: applications, ROUTES: JSON.stringify(routes) }));
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(['json', ''])('asks for a token before the Content-Type %p matters, and keeps a record', async (contentType) => {
    const requestId = randomUUID();
    const answer = await fetch(`${service.url}/record-locator/producer/FHIR/R4/DocumentReference`, {
      method: 'POST',
      headers: { 'x-request-id': requestId, 'content-type': contentType },
      body: '{}',
    });
    expect(answer.status).toBe(401);
    expect(await recordsOf(requestId, service)).toMatchObject([{ outcome: Outcome.MINOR_FAILURE }]);
  });

  it.each([
    [503, 'GET', undefined],
    [413, 'POST', 'x'.repeat(1_100_000)],
  ])('says with %i which request it refuses', async (status, method, body) => {
    const headers = { 'x-request-id': randomUUID(), 'x-correlation-id': 'a group' };
    const answer = await fetch(`${service.url}/audit/log/checkpoint`, { method, headers, body });
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  });
});
