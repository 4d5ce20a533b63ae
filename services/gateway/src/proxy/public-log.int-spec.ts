import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interaction, Outcome } from '@carespine/contracts';
import { startService, type RunningService } from '@carespine/test-kit';
import { RateLimits } from '../applications/rate-limit';
import { recordsOf } from '../oauth2/fixtures/running';
import { gateway } from '../service';
import { settings } from '../sign-in/fixtures/sign-in-service';
import { OPEN_READERS } from './proxy';

describe('the public log of accesses', () => {
  let audit: Server;
  let service: RunningService;
  let received: IncomingMessage[];
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  const applications = join(folder, 'applications.json');
  beforeAll(async () => {
    writeFileSync(applications, JSON.stringify({ applications: [] }));
    audit = createServer((request, response) => {
      received.push(request);
      response.end('answered');
    });
    await new Promise<void>((resolve) => audit.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(audit.address() as AddressInfo).port}`;
    service = await startService(gateway, settings('http://127.0.0.1:9', { APPLICATIONS: applications, ROUTES: JSON.stringify({ '/audit/': url, '/.well-known/audit-log-keys': url, '/': url }) }));
  });
  beforeEach(() => (received = []));
  afterAll(async () => {
    await service.stop();
    audit.closeAllConnections();
    audit.close();
    rmSync(folder, { recursive: true });
  });

  it.each(['/audit/log/checkpoint', '/audit/log/tile/0/000', '/audit/log/proof/inclusion?index=1', '/.well-known/audit-log-keys'])('%p is passed on without a token, and without a context', async (path) => {
    const answer = await fetch(service.url + path, { headers: { authorization: 'Bearer x' } });
    expect(await answer.text()).toBe('answered');
    expect(received[0]?.url).toBe(path);
    expect(received[0]?.headers).not.toHaveProperty('authorization');
    expect(received[0]?.headers).not.toHaveProperty('carespine-context');
  });

  it.each(['/audit/FHIR/R4/AuditEvent', '/audit/v1/alerts', '/audit/logs', '/audit/log', '/audit/x/log/checkpoint', '/audit//log/checkpoint'])('%p is not: 401', async (path) => {
    expect((await fetch(service.url + path)).status).toBe(401);
    expect(received).toEqual([]);
  });

  it('a refusal is recorded as what it would have been: its interaction, resource, query and patient', async () => {
    const query = 'patient=9000000009&date=ge2026-11-01';
    const answer = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent?${query}`);
    const records = await recordsOf(answer.headers.get('x-request-id') ?? '', service);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ interaction: Interaction.SEARCH_TYPE, outcome: Outcome.MINOR_FAILURE, resourceType: 'AuditEvent', query, purpose: 'TREAT', nhsNumber: '9000000009' });
  });

  it('is limited in rate: 429 with Retry-After', async () => {
    const limits = service.app.get(RateLimits);
    // other readers, as many as are let through
    const others = setInterval(() => {
      try {
        for (;;) limits.take(OPEN_READERS);
      } catch {
        // no more for now
      }
    }, 0);
    const answers = await Promise.all(Array.from({ length: 40 }, () => fetch(`${service.url}/audit/log/checkpoint`)));
    clearInterval(others);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
  });
});
