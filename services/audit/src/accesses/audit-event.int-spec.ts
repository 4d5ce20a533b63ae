import { randomUUID } from 'node:crypto';
import { AccessLog } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import type { Bundle } from '@carespine/fhir';
import { aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import { happened } from '../fixtures/accesses';
import { audit } from '../service';
import type { AuditEvent } from './audit-event';

const OFFICER = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000999' });
const GUARDIAN = aUser({ activityCodes: ['B0264'], jobRole: 'R5105', userId: '555000000888' });
const NURSE = aUser({ userId: '555000000102', name: 'Ada Nurse' });

describe('who looked at this patient', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit);
  });
  afterAll(() => service.stop());

  const ask = async (query: string, who = OFFICER, headers: Record<string, string> = {}): Promise<{ status: number; body: Bundle<AuditEvent> & { issue?: never } }> => {
    const answer = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent?${query}`, { headers: { ...(await contextOf(who)), ...headers } });
    return { status: answer.status, body: (await answer.json()) as Bundle<AuditEvent> & { issue?: never } };
  };
  const record = (nhsNumber: string, who = NURSE, outcome = Outcome.SUCCESS): Promise<void> =>
    service.app
      .get(AccessLog)
      .record({ interaction: Interaction.READ, name: 'Retrieve patient', resource: 'Patient', outcome, agent: who, requestId: randomUUID(), clientAddress: '203.0.113.7', purpose: 'TREAT' }, [
        { nhsNumber, version: '3' },
      ]);

  it('answers with one event an access, in the shape of PARS and BALP', async () => {
    await record('9000000009');
    // the searches that ask for it are accesses of the same patient
    const event = await eventually(async () => {
      const { body } = await ask('patient=9000000009&_count=100');
      const read = body.entry?.find(({ resource }) => resource.action === 'R');
      expect(read).toBeDefined();
      return read?.resource;
    });
    expect(event).toMatchObject({
      resourceType: 'AuditEvent',
      type: { code: 'rest' },
      subtype: [{ code: 'read' }],
      action: 'R',
      outcome: '0',
      source: { site: 'audit', type: [{ code: '4' }] },
    });
    expect(event?.agent.map((agent) => agent.who.type)).toEqual(['Organization', 'Practitioner', 'PractitionerRole', 'Device', 'Organization']);
    expect(event?.agent[3]?.type?.coding[0]?.code).toBe('110152');
    expect(event?.entity.map((entity) => entity.type.code)).toEqual(['1', 'XrequestId', '2', 'Endpoint']);
    expect(event?.entity[3]?.detail?.map((detail) => detail.type)).toEqual(['productIdentifier', 'interactionIdentifier']);
  });

  it('pages through all of them, newest first, none twice', async () => {
    for (let i = 0; i < 25; i++) await record('9000000017');
    await eventually(async () => expect((await ask('patient=9000000017')).body.total).toBeGreaterThanOrEqual(25));
    const ids: string[] = [];
    let query = 'patient=9000000017&_count=10';
    while (query) {
      const { body } = await ask(query);
      ids.push(...(body.entry ?? []).filter((entry) => entry.resource.action === 'R').map((entry) => entry.resource.id));
      const next = body.link?.find((link) => link.relation === 'next');
      query = next ? new URL(next.url).search.slice(1) : '';
    }
    expect(ids).toHaveLength(25);
    expect(new Set(ids).size).toBe(25);
    expect([...ids].sort().reverse()).toEqual(ids);
  });

  it('keeps to the own organisation', async () => {
    await record('9000000033', aUser({ organisation: { odsCode: 'RZZ02', name: 'Another' } }));
    await record('9000000033');
    const reads = await eventually(async () => {
      const { body } = await ask('patient=9000000033&_count=100');
      const found = (body.entry ?? []).filter((entry) => entry.resource.action === 'R');
      expect(found).not.toHaveLength(0);
      return found;
    });
    expect(reads).toHaveLength(1);
  });

  it('records the report itself', async () => {
    await ask('agent=555000000102');
    expect((await ask('agent=555000000999')).status).toBe(403); // her own activity is for the guardian to look at
    await eventually(async () => expect((await ask('agent=555000000999', GUARDIAN)).body.total).toBeGreaterThan(0));
  });

  it.each([
    ['no permission', aUser(), 403],
    ['officer at AAL2', aUser({ activityCodes: ['B0264'], jobRole: 'R0001', aal: 2 }), 403],
    ['guardian', aUser({ activityCodes: ['B0264'], jobRole: 'R5105' }), 200],
  ])('%s', async (_, who, status) => expect((await ask('patient=9000000009', who)).status).toBe(status));

  it.each([
    ['', 'MISSING_VALUE'],
    ['patient=9000000008', 'INVALID_VALUE'],
    ['patient=9000000009&patient=9000000009', 'INVALID_VALUE'],
    ["patient=9000000009&outcome=1'", 'INVALID_VALUE'],
    ['patient=9000000009&_count=0', 'INVALID_VALUE'],
    ['patient=9000000009&date=ge2026-02-30', 'INVALID_VALUE'],
    ['patient=9000000009&date=ge2026-01-01&date=le2026-03-01', 'INVALID_SEARCH_DATA'],
    ['patient=9000000009&_page=%00', 'INVALID_VALUE'],
    ...[{ id: '-'.repeat(36), recorded: '2026-11-24T10:00:00.000Z' }, { id: '00000000-0000-7000-8000-000000000000', recorded: '0' }, { id: '00000000-0000-7000-8000-000000000000', recorded: '1' }].map((cursor): [string, string] => [
      `patient=9000000009&_page=${Buffer.from(JSON.stringify(cursor)).toString('base64url')}`,
      'INVALID_VALUE',
    ]),
    ['patient=9000000009&x=1', 'ADDITIONAL_PROPERTIES'],
  ])('refuses %p with %s', async (query, code) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ details: { coding: [{ code }] } }] });
  });

  it('says of an emergency which alert it led to', async () => {
    await happened(service, { nhsNumber: '9000000041', purpose: 'BTG' });
    const event = await eventually(async () => {
      const found = (await ask('patient=9000000041&agent=555000000102')).body.entry?.[0]?.resource;
      expect(found?.agent.flatMap(({ policy = [] }) => policy)).toContainEqual(expect.stringMatching(/\/audit\/v1\/alerts\/A-[0-9A-Z]{4}-[0-9A-Z]{4}$/));
      return found;
    });
    const read = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent/${event?.id}`, { headers: await contextOf(OFFICER) });
    expect(await read.text()).toContain('/audit/v1/alerts/A-');
  });

  it('records a page that the portal refused, and refuses it in its own name', async () => {
    const refuse = async (permission: string) => (await fetch(`${service.url}/audit/v1/page-refusals?permission=${permission}`, { method: 'POST', headers: await contextOf(NURSE) })).status;
    expect([await refuse('audit.reports'), await refuse('<b>')]).toEqual([403, 400]);
    await eventually(async () => {
      const refused = (await ask('agent=555000000102&outcome=4')).body.entry?.map(({ resource }) => [resource.outcomeDesc, resource.entity.find(({ type }) => type.code === 'Endpoint')?.name]);
      expect(refused).toContainEqual(['HTTP 403', 'Refused page']);
    });
  });

  it('knows no event of an id that is none', async () => {
    const answer = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent/${'-'.repeat(36)}`, { headers: await contextOf(OFFICER) });
    expect(answer.status).toBe(404);
  });

  it('finds the event of any request id that the feed takes', async () => {
    expect((await ask(`patient=9000000009&entity=${encodeURIComponent('https://fhir.nhs.uk/Id/transaction|scr-2026:1')}`)).status).toBe(200);
  });

  it('is append-only', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent`, { method, headers: await contextOf(OFFICER) });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'GET, POST']);
      const one = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent/1`, { method, headers: await contextOf(OFFICER) });
      expect([method, one.status, one.headers.get('allow')]).toEqual([method, 405, 'GET']);
    }
  });
});
