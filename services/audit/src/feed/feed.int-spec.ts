import { randomUUID } from 'node:crypto';
import type { Principal } from '@carespine/access-control';
import { anApplication, aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import fc from 'fast-check';
import { Desk, OFFICER as DESK_OFFICER } from '../alerts/fixtures/desk';
import { sql } from '../fixtures/accesses';
import type { AccessRow } from '../reports/access-row';
import { audit } from '../service';
import { bent, EXAMPLES, example, type Json } from './fixtures/fed-events';

const SUPPLIER = anApplication();
const OFFICER = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000999' });
const NOW = (): string => new Date().toISOString();

describe('the feed for suppliers', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit);
  });
  afterAll(() => service.stop());

  const feed = async (body: unknown, { who = SUPPLIER as Principal, requestId = randomUUID() as string, type = 'application/fhir+json' } = {}) => {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/audit/FHIR/R4/AuditEvent',
      headers: { ...(await contextOf(who)), 'x-request-id': requestId, 'content-type': type },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Json & { id: string; issue: { diagnostics: string; expression?: string[] }[] }>() };
  };
  const got = async (path: string): Promise<Json> => {
    const answer = await fetch(`${service.url}/audit/${path}`, { headers: await contextOf(OFFICER) });
    if (answer.status !== 200) throw new Error(`${answer.status}`);
    return (await answer.json()) as Json;
  };
  const fresh = (name?: string, nhsNumber?: string): Json => bent('id', randomUUID(), bent('recorded', NOW(), example(name, 'RZZ01', nhsNumber)));

  it.each(EXAMPLES)('takes %s, and answers it again, equal in meaning', async (name) => {
    const fed = example(name);
    const { status, headers, body } = await feed(fed);
    expect([status, body]).toMatchObject([201, { resourceType: 'AuditEvent' }]);
    expect(headers['location']).toBe(`http://127.0.0.1:8080/audit/FHIR/R4/AuditEvent/${body.id}`);
    const read = await eventually(() => got(`FHIR/R4/AuditEvent/${body.id}`));
    expect(read).toEqual({ ...(fed as object), id: body.id, meta: { source: 'https://fhir.nhs.uk/Id/product-id|P.TRACE' }, extension: [expect.objectContaining({ url: expect.stringContaining('log-leaf') as string }) as object] });
  });

  it('makes it an ordinary access record: a leaf, found by patient and user, fed by that product, kept to the letter', async () => {
    const text = `${JSON.stringify(fresh('user-restricted-hl7v3-gpsummary-read', '9000000068'), null, 3)} `;
    const { body } = await feed(text);
    const { rows } = await eventually(async () => {
      const found = (await got('v1/reports/user-access?user=123456&patient=9000000068')) as unknown as { rows: AccessRow[] };
      expect(found.rows).toHaveLength(1);
      return found;
    });
    expect(rows[0]).toMatchObject({
      id: body.id,
      leafIndex: expect.any(Number) as number,
      user: { userId: '123456', name: 'John Smith' },
      organisation: { odsCode: 'RZZ01', name: 'A GP Surgery' },
      client: { name: 'Tracing application', productId: 'P.TRACE' },
      nhsNumber: '9000000068',
      interaction: 'read',
      interactionName: 'Personnel Demographics Service',
      service: 'P.TRACE',
      outcome: '0',
    });
    const [kept] = await sql<{ payload: Buffer }>(service, 'SELECT payload FROM access_events WHERE event_id = $1', [body.id]);
    expect(kept?.payload.includes(Buffer.from(text))).toBe(true);
    const bundle = (await got('FHIR/R4/AuditEvent?patient=9000000068&_count=100')) as unknown as { entry: { resource: Json }[] };
    expect(bundle.entry.filter(({ resource }) => resource['id'] === (body.id as never))).toHaveLength(1);
  });

  it('takes a repeat for what it is, by the request or by the event’s own id, also when both come at once', async () => {
    const event = fresh(undefined, '9000000041');
    const requestId = randomUUID();
    const answers = await Promise.all([feed(event, { requestId }), feed(event, { requestId }), feed(event), feed(JSON.stringify(event, null, 2), { requestId: requestId.toUpperCase() })]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    await feed(fresh(undefined, '9000000041'));
    await eventually(async () => {
      const [{ kept } = { kept: 0 }] = await sql<{ kept: number }>(service, `SELECT count(*)::int AS kept FROM access_events WHERE nhs_number = '9000000041'`);
      expect(kept).toBe(2);
    });
  });

  it('refuses another event under a request or an id that was used', async () => {
    const event = fresh();
    const requestId = randomUUID();
    expect((await feed(event, { requestId })).status).toBe(201);
    const other = { ...(event as object), outcome: '4' };
    expect([(await feed(other)).status, (await feed({ ...other, id: randomUUID() }, { requestId })).status]).toEqual([409, 409]);
    // another supplier's ids are its own
    expect((await feed(other, { who: { ...SUPPLIER, client: { ...SUPPLIER.client, id: 'another' } }, requestId })).status).toBe(201);
  });

  it('refuses an event of another organisation than the token’s, and a user who is not the token’s', async () => {
    const { status, body } = await feed(bent('agent.0.who.identifier.value', 'RZZ02', fresh()));
    expect([status, body.issue[0]?.expression]).toEqual([403, ['AuditEvent.agent[0].who.identifier.value']]);
    const byUser = fresh('user-restricted-hl7v3-gpsummary-read');
    expect((await feed(byUser, { who: aUser() })).status).toBe(403);
    expect((await feed(bent('agent.1.who.identifier.value', '555000000101', byUser), { who: aUser() })).status).toBe(201);
  });

  it('refuses what is yet to happen, and what is past its retention', async () => {
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    for (const [recorded, status] of [[at(4 * 60_000), 201], [at(6 * 60_000), 400], ['2017-01-01T00:00:00Z', 400], [at(-7.9 * 365 * 86_400_000), 201]] as const) {
      const answer = await feed(bent('recorded', recorded, fresh()));
      expect([recorded, answer.status]).toEqual([recorded, status]);
      if (status === 400) expect(answer.body.issue[0]?.expression).toEqual(['AuditEvent.recorded']);
    }
  });

  it('raises the national alert that an event is by its codes, the gravest of its purposes, or what its consent says', async () => {
    const byUser = (userId: string): Json => bent('agent.1.who.identifier.value', userId, fresh('user-restricted-hl7v3-gpsummary-read'));
    const act = (code: string): object => ({ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code }] });
    await feed(bent('subtype', [{ system: 'https://fhir.nhs.uk/CodeSystem/SCR-AlertReason', code: '6' }], byUser('700000000001')));
    await feed(bent('purposeOfEvent', [act('TREAT'), act('BTG')], byUser('700000000002')));
    const detail = [
      { type: 'permissionToView', valueString: 'legal' },
      { type: 'note', valueString: 'Order 7 of the court' },
    ];
    await feed(bent('entity.3', { type: { system: 'http://hl7.org/fhir/resource-types', code: 'Consent' }, detail }, byUser('700000000003')));
    const desk = new Desk(service, DESK_OFFICER);
    expect(await desk.alertOf('national-type-1', '700000000001')).toMatchObject({ reason: 'Other (with permission)' });
    expect(await desk.alertOf('national-type-2', '700000000002')).toMatchObject({ reason: 'Emergency' });
    expect(await desk.alertOf('national-type-2', '700000000003')).toMatchObject({ reason: 'Legal', note: 'Order 7 of the court' });
  });

  it('lets nobody change what was fed', async () => {
    const { body } = await feed(fresh());
    for (const method of ['PUT', 'PATCH', 'DELETE'] as const) {
      expect((await service.app.inject({ method, url: `/audit/FHIR/R4/AuditEvent/${body.id}`, headers: await contextOf(SUPPLIER) })).statusCode).toBe(405);
    }
  });

  it('refuses what is too large, and what is no JSON object', async () => {
    expect((await feed(bent('outcomeDesc', 'x'.repeat(66_000), fresh()))).status).toBe(413);
    for (const body of ['', '[]', 'null', '"x"', '{', '{"__proto__":{}}', '['.repeat(100)]) expect([body, (await feed(body)).status]).toEqual([body, 400]);
    expect((await feed('<AuditEvent/>', { type: 'application/fhir+xml' })).status).toBe(400);
  });

  it.each([
    ['an application', SUPPLIER, 201],
    ['a clerk at AAL1', aUser({ activityCodes: ['B0820'], jobRole: 'R8008', aal: 1, userId: '123456' }), 201],
    ['a clinician at AAL2', aUser({ activityCodes: ['B0370'], aal: 2, userId: '123456' }), 201],
    ['somebody without a patient’s record', aUser({ activityCodes: ['B0090'], userId: '123456' }), 403],
    ['nobody', undefined, 401],
  ])('%s', async (_, who, status) => {
    const answer = await service.app.inject({
      method: 'POST',
      url: '/audit/FHIR/R4/AuditEvent',
      headers: { ...(who ? await contextOf(who) : {}), 'content-type': 'application/fhir+json', 'x-request-id': randomUUID() },
      payload: JSON.stringify(fresh('user-restricted-hl7v3-gpsummary-read')),
    });
    expect(answer.statusCode).toBe(status);
  });

  it('meets 1,000 hostile bodies without an error of its own', async () => {
    const paths = (value: unknown, at: string): string[] =>
      typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, one]) => [at + name, ...paths(one, `${at}${name}.`)]) : [];
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom(undefined, null, [], {}, -1, 1e400, '\u0000', '\ud800', '9999-12-31T23:59:60Z', '0000-01-01T00:00:00Z', "'; DROP TABLE access_events; --", 'x'.repeat(5000), { valueString: 'x' }, [[]], true),
    );
    const bends = EXAMPLES.flatMap((name) => paths(example(name), '').map((path) => ({ name, path })));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...bends), hostile, fc.option(fc.tuple(fc.constantFrom(...bends.map(({ path }) => path)), hostile)), async ({ name, path }, value, second) => {
        const event = bent(path, value, fresh(name));
        if (second) {
          try {
            bent(second[0], second[1], event);
          } catch {
            // the first left nothing to bend there
          }
        }
        const answer = await service.app.inject({ method: 'POST', url: '/audit/FHIR/R4/AuditEvent', headers: { ...(await contextOf(SUPPLIER)), 'content-type': 'application/fhir+json' }, payload: JSON.stringify(event) });
        expect(answer.statusCode).toBeLessThan(500);
        expect([201, 400, 403, 409]).toContain(answer.statusCode);
      }),
      { numRuns: 1000, endOnFailure: true },
    );
    // and all that was taken is kept: nothing went to the dead letters
    const [dead] = await sql<{ waiting: number }>(service, `SELECT count(*)::int AS waiting FROM outbox WHERE topic LIKE '%dead-letter'`);
    expect(dead?.waiting).toBe(0);
    await eventually(async () => {
      const [left] = await sql<{ left: number }>(service, 'SELECT count(*)::int AS left FROM fed_events LEFT JOIN access_events USING (event_id) WHERE access_events.event_id IS NULL');
      expect(left?.left).toBe(0);
    }, 20_000);
  }, 240_000);
});
