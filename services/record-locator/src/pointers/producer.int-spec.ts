import { aUser } from '@carespine/test-kit';
import { Client } from 'pg';
import type { DocumentReference } from './document-reference';
import { aPointer, aSupplier } from './fixtures/a-pointer';
import { faultsIn, idsIn, Locator, subject } from './fixtures/locator';

let locator: Locator;
let db: Client;
beforeAll(async () => {
  locator = await Locator.start();
  db = new Client({ connectionString: locator.service.databaseUrl });
  await db.connect();
});
afterAll(async () => {
  await db.end();
  await locator.stop();
});

const stored = async (id: string): Promise<DocumentReference> =>
  (await locator.produce('GET', `/${id}`, { ods: id.split('-')[0] })).body as DocumentReference;
const replacing = (...ids: string[]) => ids.map((value) => ({ code: 'replaces', target: { identifier: { value } } }));

describe('Create (5.1)', () => {
  it('answers 201 RESOURCE_CREATED with the Location of the new pointer', async () => {
    const { status, headers, body } = await locator.produce('POST', '', { body: aPointer(), headers: { 'x-correlation-id': 'a group' } });
    expect(status).toBe(201);
    expect(headers.get('location')).toMatch(/\/DocumentReference\/RZZ01-[0-9a-f-]{36}$/);
    expect(headers.get('content-type')).toBe('application/fhir+json;version=1');
    expect([headers.get('x-request-id'), headers.get('x-correlation-id')]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), 'a group']);
    expect(body).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'information',
          code: 'informational',
          details: {
            coding: [{ system: 'https://fhir.nhs.uk/ValueSet/NRL-ResponseCode', code: 'RESOURCE_CREATED', display: 'Resource created' }],
          },
          diagnostics: expect.any(String) as string,
        },
      ],
    });
  });

  it('gives id, date and meta.lastUpdated itself, and keeps all else as it came', async () => {
    const sent = {
      ...aPointer(),
      id: 'RZZ01-mine',
      date: '2020-01-01T00:00:00Z',
      meta: { lastUpdated: '2020-01-01T00:00:00Z', profile: ['https://example.org/p'] },
      description: 'A plan',
    };
    const { headers } = await locator.produce('POST', '', { body: sent });
    const id = headers.get('location')?.split('/').at(-1) ?? '';
    const { date, meta, ...rest } = await stored(id);
    expect(Date.parse(date)).toBeGreaterThan(Date.now() - 10_000);
    expect(meta).toEqual({ lastUpdated: date, profile: ['https://example.org/p'] });
    expect(rest).toEqual({ ...aPointer(), id, description: 'A plan' });
  });

  it('keeps the date of a producer that may set it', async () => {
    const id = await locator.create({ custodian: 'RZZ03', date: '2020-01-01T09:30:00.123+01:00' });
    expect((await stored(id)).date).toBe('2020-01-01T09:30:00.123+01:00');
  });

  it.each(['0001-01-01T00:30:00+01:00', '9999-12-31T23:30:00-01:00', '2026-02-30T00:00:00Z'])(
    'refuses the date %s, which is none that can be kept, and fails nobody else',
    async (date) => {
      const answers = await Promise.all([
        locator.produce('POST', '', { ods: 'RZZ03', body: aPointer({ custodian: 'RZZ03', date }) }),
        locator.produce('POST', '', { ods: 'RZZ03', body: aPointer({ custodian: 'RZZ03' }) }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([400, 201]);
      expect(answers.slice(0, 1).map(faultsIn)).toEqual([[['MESSAGE_NOT_WELL_FORMED', 'date']]]);
    },
  );

  it('keeps a date in a leap second', async () => {
    const id = await locator.create({ custodian: 'RZZ03', date: '2016-12-31T23:59:60Z' });
    const pointer = await stored(id);
    expect(pointer.date).toBe('2016-12-31T23:59:60Z');
    expect((await locator.produce('PUT', `/${id}`, { ods: 'RZZ03', body: pointer })).status).toBe(200);
  });

  it('allows two pointers of one type, custodian and patient', async () => {
    const [one, other] = [await locator.create({ nhsNumber: '9990000050' }), await locator.create({ nhsNumber: '9990000050' })];
    expect(one).not.toBe(other);
  });

  it.each<[string, object, number, string[][]]>([
    ['no body', {}, 400, [['BAD_REQUEST']]],
    ['an empty body', { body: '', headers: { 'content-type': 'application/fhir+json' } }, 400, [['BAD_REQUEST']]],
    ['no JSON', { body: '{"resourceType"' }, 400, [['MESSAGE_NOT_WELL_FORMED']]],
    ['a list', { body: [] }, 400, [['MESSAGE_NOT_WELL_FORMED']]],
    ['XML', { body: '<DocumentReference/>', headers: { 'content-type': 'application/fhir+xml' } }, 400, [['MESSAGE_NOT_WELL_FORMED']]],
    ['a Content-Type that is none', { body: aPointer(), headers: { 'content-type': 'json' } }, 400, [['MESSAGE_NOT_WELL_FORMED']]],
    ['another custodian', { body: aPointer({ custodian: 'RZZ02' }) }, 422, [['UNPROCESSABLE_ENTITY', 'custodian.identifier.value']]],
    [
      'a type that is not permitted',
      { body: aPointer({ type: '1363501000000100' }) },
      403,
      [['AUTHOR_CREDENTIALS_ERROR', 'type.coding[0].code']],
    ],
    [
      'a number that fails modulus 11',
      { body: aPointer({ nhsNumber: '1234567890' }) },
      422,
      [['UNPROCESSABLE_ENTITY', 'subject.identifier.value']],
    ],
    ['no organisation', { body: aPointer(), ods: '' }, 400, [['PRECONDITION_FAILED']]],
    ['an organisation unknown to the application', { body: aPointer(), ods: 'RZZ09' }, 403, [['ACCESS DENIED']]],
  ])('refuses %s', async (_, sent, status, faults) => {
    const answer = await locator.produce('POST', '', sent);
    expect([answer.status, faultsIn(answer)]).toEqual([status, faults]);
  });

  it('tells all broken rules at once', async () => {
    const pointer = aPointer({ custodian: 'RZZ02', nhsNumber: '1' });
    const answer = await locator.produce('POST', '', { body: pointer });
    expect(faultsIn(answer)).toEqual([
      ['UNPROCESSABLE_ENTITY', 'custodian.identifier.value'],
      ['UNPROCESSABLE_ENTITY', 'subject.identifier.value'],
    ]);
  });

  it('leaves as an event, and who did it stays on record', async () => {
    const id = await locator.create({});
    const { rows } = await db.query(
      'SELECT change, nhs_number, organisation, application, record FROM pointer_changes WHERE pointer_id = $1',
      [id],
    );
    expect(rows).toEqual([
      {
        change: 'created',
        nhs_number: '9990000018',
        organisation: 'RZZ01',
        application: 'supplier',
        record: JSON.stringify(await stored(id)),
      },
    ]);
    const log = new Client({ connectionString: locator.service.eventLogUrl });
    await log.connect();
    try {
      const events = await log.query(
        `SELECT type FROM event_log WHERE topic = 'record-locator.pointer.v1' AND type LIKE '%PointerCreated'`,
      );
      expect(events.rowCount).toBeGreaterThan(0);
    } finally {
      await log.end();
    }
  });
});

describe('Supersede (5.2)', () => {
  it('stores the new pointer and deletes every one that it replaces', async () => {
    const [one, other] = [await locator.create({}), await locator.create({})];
    const answer = await locator.produce('POST', '', { body: aPointer({ relatesTo: replacing(one, other) }) });
    expect([answer.status, faultsIn(answer)]).toEqual([201, [['RESOURCE_SUPERSEDED']]]);
    for (const id of [one, other]) expect((await locator.produce('GET', `/${id}`)).status).toBe(404);
    expect((await stored(answer.headers.get('location')?.split('/').at(-1) ?? '')).relatesTo).toEqual(replacing(one, other));
  });

  it.each(['transforms', 'signs', 'appends', 'incorporates', 'summarizes'])('%s deletes nothing', async (code) => {
    const old = await locator.create({});
    const answer = await locator.produce('POST', '', { body: aPointer({ relatesTo: [{ code, target: { identifier: { value: old } } }] }) });
    expect(faultsIn(answer)).toEqual([['RESOURCE_CREATED']]);
    expect((await locator.produce('GET', `/${old}`)).status).toBe(200);
  });

  it('changes nothing when one target does not fit, and says why of each', async () => {
    const [good, ofAnotherPatient, ofAnotherType] = [
      await locator.create({}),
      await locator.create({ nhsNumber: '9990000026' }),
      await locator.create({ type: '887701000000100' }),
    ];
    const relatesTo = replacing(good, 'RZZ02-theirs', 'RZZ01-nothing', ofAnotherPatient, ofAnotherType);
    const answer = await locator.produce('POST', '', { body: aPointer({ relatesTo }) });
    expect(answer.status).toBe(422);
    expect(faultsIn(answer)).toEqual([1, 2, 3, 4].map((i) => ['UNPROCESSABLE_ENTITY', `relatesTo[${i}].target.identifier.value`]));
    expect((await locator.produce('GET', `/${good}`)).status).toBe(200);
  });

  it('does not mind what is missing where the producer may, and says that nothing was replaced', async () => {
    const answer = await locator.produce('POST', '', {
      ods: 'RZZ03',
      body: aPointer({ custodian: 'RZZ03', relatesTo: replacing('RZZ03-nothing') }),
    });
    expect([answer.status, faultsIn(answer)]).toEqual([201, [['RESOURCE_CREATED']]]);
  });

  it('of two that replace the same pointer at once, one succeeds', async () => {
    const old = await locator.create({});
    const body = aPointer({ relatesTo: replacing(old) });
    const answers = await Promise.all([1, 2, 3, 4].map(() => locator.produce('POST', '', { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422]);
  });
});

describe('Upsert (5.3)', () => {
  it('takes the id of the producer', async () => {
    const answer = await locator.produce('PUT', '', { body: aPointer({ id: 'RZZ01-upsert_1-a' }) });
    expect([answer.status, faultsIn(answer), answer.headers.get('location')]).toEqual([
      201,
      [['RESOURCE_CREATED']],
      '/record-locator/producer/FHIR/R4/DocumentReference/RZZ01-upsert_1-a',
    ]);
    expect((await stored('RZZ01-upsert_1-a')).id).toBe('RZZ01-upsert_1-a');
  });

  it('supersedes, too', async () => {
    const old = await locator.create({});
    const answer = await locator.produce('PUT', '', { body: aPointer({ id: 'RZZ01-upsert2', relatesTo: replacing(old) }) });
    expect([answer.status, faultsIn(answer)]).toEqual([201, [['RESOURCE_SUPERSEDED']]]);
  });

  it('never overwrites', async () => {
    const body = aPointer({ id: 'RZZ01-upsert3' });
    const answers = await Promise.all([1, 2, 3].map(() => locator.produce('PUT', '', { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const old = await locator.create({});
    const answer = await locator.produce('PUT', '', { body: aPointer({ id: 'RZZ01-upsert3', relatesTo: replacing(old) }) });
    expect([answer.status, answer.body.issue[0]?.code, faultsIn(answer)]).toEqual([409, 'conflict', [['DUPLICATE_REJECTED', 'id']]]);
    expect((await locator.produce('GET', `/${old}`)).status).toBe(200);
  });

  it('gives the id of a deleted pointer to no other patient', async () => {
    const upsert = (nhsNumber: string) => locator.produce('PUT', '', { body: aPointer({ id: 'RZZ01-upsert4', nhsNumber }) });
    expect((await upsert('9990000018')).status).toBe(201);
    await locator.produce('DELETE', '/RZZ01-upsert4');
    const answer = await upsert('9990000026');
    expect([answer.status, faultsIn(answer)]).toEqual([409, [['DUPLICATE_REJECTED', 'id']]]);
    expect((await upsert('9990000018')).status).toBe(201);
  });

  it.each<[string, object, number, string[][]]>([
    ['no id', {}, 422, [['UNPROCESSABLE_ENTITY', 'id']]],
    ['an id of another shape', { id: 'nothing' }, 400, [['MESSAGE_NOT_WELL_FORMED', 'id']]],
    ['an id of another organisation', { id: 'RZZ02-upsert' }, 422, [['UNPROCESSABLE_ENTITY', 'id']]],
  ])('refuses %s', async (_, rest, status, faults) => {
    const answer = await locator.produce('PUT', '', { body: aPointer({ ...rest }) });
    expect([answer.status, faultsIn(answer)]).toEqual([status, faults]);
  });
});

describe('Update (5.4)', () => {
  it('changes what may change, keeps the date and refreshes meta.lastUpdated', async () => {
    const id = await locator.create({});
    const before = await stored(id);
    const answer = await locator.produce('PUT', `/${id}`, { body: { ...before, docStatus: 'final', description: 'Amended' } });
    expect([answer.status, faultsIn(answer)]).toEqual([200, [['RESOURCE_UPDATED']]]);
    const after = await stored(id);
    expect(after).toEqual({ ...before, docStatus: 'final', description: 'Amended', meta: { lastUpdated: after.meta?.lastUpdated } });
    expect(Date.parse(after.meta?.lastUpdated ?? '')).toBeGreaterThanOrEqual(Date.parse(before.date));
  });

  it.each<[string, object]>([
    ['subject', { subject: aPointer({ nhsNumber: '9990000026' }).subject }],
    ['masterIdentifier', { masterIdentifier: { value: 'x' } }],
    ['identifier', { identifier: [{ value: 'x' }] }],
    ['relatesTo', { relatesTo: [{ code: 'signs', target: { reference: 'x' } }] }],
    ['author', { author: aPointer({ custodian: 'RZZ02' }).author }],
    ['date', { date: '2020-01-01T00:00:00Z' }],
  ])('refuses to change %s', async (element, rest) => {
    const id = await locator.create({});
    const answer = await locator.produce('PUT', `/${id}`, { body: { ...(await stored(id)), ...rest } });
    expect([answer.status, faultsIn(answer)]).toEqual([400, [['BAD_REQUEST', element]]]);
  });

  it.each<[string, object]>([
    ['custodian', { custodian: aPointer({ custodian: 'RZZ02' }).custodian }],
    ['subject', { subject: aPointer({ nhsNumber: '9990000019' }).subject }],
    ['type', { type: aPointer({ type: '1363501000000100' }).type }],
  ])('names %s where what it is changed to breaks a rule besides', async (element, rest) => {
    const id = await locator.create({});
    const answer = await locator.produce('PUT', `/${id}`, { body: { ...(await stored(id)), ...rest } });
    expect([answer.status, faultsIn(answer)]).toEqual([400, [['BAD_REQUEST', element]]]);
  });

  it.each<[string, object, string]>([
    ['a required element is missing', { status: undefined }, 'status'],
    ['a rule is broken', { category: aPointer({ type: '1363501000000100' }).category }, 'category.coding[0].code'],
  ])('refuses a body in which %s', async (_, rest, expression) => {
    const id = await locator.create({});
    const answer = await locator.produce('PUT', `/${id}`, { body: { ...(await stored(id)), ...rest } });
    expect([answer.status, faultsIn(answer)]).toEqual([422, [['UNPROCESSABLE_ENTITY', expression]]]);
  });

  it('refuses to change the type', async () => {
    const id = await locator.create({});
    const { type, category } = aPointer({ type: '887701000000100' });
    const answer = await locator.produce('PUT', `/${id}`, { body: { ...(await stored(id)), type, category } });
    expect([answer.status, faultsIn(answer)]).toEqual([400, [['BAD_REQUEST', 'type']]]);
  });

  it.each<[string, string, object, number, string[][]]>([
    ['ids that differ', 'RZZ01-a', { id: 'RZZ01-b' }, 400, [['BAD_REQUEST', 'id']]],
    ['no id in the body', 'RZZ01-a', {}, 400, [['BAD_REQUEST', 'id']]],
    ["another organisation's pointer", 'RZZ02-a', { id: 'RZZ02-a' }, 403, [['AUTHOR_CREDENTIALS_ERROR']]],
    ['a pointer that is not there', 'RZZ01-a', { id: 'RZZ01-a' }, 404, [['NO_RECORD_FOUND']]],
    ['a pointer that is not there, before its rules', 'RZZ01-a', { id: 'RZZ01-a', category: undefined }, 404, [['NO_RECORD_FOUND']]],
    ['a body of another form before it is looked for', 'RZZ01-a', { id: 'RZZ01-a', status: 'superseded' }, 400, [['MESSAGE_NOT_WELL_FORMED', 'status']]],
  ])('refuses %s', async (_, id, rest, status, faults) => {
    const answer = await locator.produce('PUT', `/${id}`, { body: aPointer({ ...rest }) });
    expect([answer.status, faultsIn(answer)]).toEqual([status, faults]);
  });
});

describe('Delete (5.5), read and search (5.6)', () => {
  it('removes a pointer for good', async () => {
    const id = await locator.create({ nhsNumber: '9990000077' });
    const answer = await locator.produce('DELETE', `/${id}`);
    expect([answer.status, faultsIn(answer)]).toEqual([200, [['RESOURCE_DELETED']]]);
    expect(faultsIn(await locator.produce('DELETE', `/${id}`))).toEqual([['NO_RECORD_FOUND']]);
    expect((await locator.produce('GET', `?${subject('9990000077')}`)).body.total).toBe(0);
  });

  it.each(['GET', 'DELETE'])("refuses to %s another organisation's pointer, also one that is not there", async (method) => {
    const id = await locator.create({ custodian: 'RZZ02' });
    for (const one of [id, 'RZZ02-nothing', 'nothing']) {
      const answer = await locator.produce(method, `/${one}`);
      expect([answer.status, faultsIn(answer)]).toEqual([403, [['AUTHOR_CREDENTIALS_ERROR']]]);
    }
  });

  it.each(['GET', 'DELETE'])('does not find what no pointer is called by %s, and fails nobody else', async (method) => {
    const id = await locator.create({});
    const answers = await Promise.all(['RZZ01-%00', 'RZZ01-%C3%A9', id].map((one) => locator.produce(one === id ? 'GET' : method, `/${one}`)));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 200]);
    expect((await locator.consume('/RZZ01-%00')).status).toBe(404);
  });

  it('finds own pointers of permitted types alone', async () => {
    const own = await locator.create({ nhsNumber: '9990000042' });
    await locator.create({ nhsNumber: '9990000042', custodian: 'RZZ02' });
    const answer = await locator.produce('GET', `?${subject('9990000042')}`);
    expect([answer.status, idsIn(answer), answer.body.total]).toEqual([200, [own], 1]);
    expect(answer.body.link?.[0]?.url).toMatch(
      /\/producer\/FHIR\/R4\/DocumentReference\?subject:identifier=https:\/\/fhir.nhs.uk\/Id\/nhs-number\|9990000042$/,
    );
    expect(
      idsIn(await locator.produce('POST', '/_search', { body: { 'subject:identifier': 'https://fhir.nhs.uk/Id/nhs-number|9990000042' } })),
    ).toEqual([own]);
  });

  it('knows neither custodian nor _summary', async () => {
    for (const rest of ['custodian:identifier=https://fhir.nhs.uk/Id/ods-organization-code|RZZ01', '_summary=count']) {
      expect(faultsIn(await locator.produce('GET', `?${subject('9990000042')}&${rest}`))).toEqual([
        ['INVALID_PARAMETER', rest.split('=')[0]],
      ]);
    }
  });

  it('lets staff produce for the organisation of their role alone', async () => {
    const body = aPointer();
    expect((await locator.produce('POST', '', { who: aUser(), ods: '', body })).status).toBe(201);
    expect(faultsIn(await locator.produce('POST', '', { who: aUser(), ods: 'RZZ02', body }))).toEqual([['ACCESS DENIED']]);
    expect(faultsIn(await locator.produce('POST', '', { who: aUser({ activityCodes: ['B0264'] }), ods: '', body }))).toEqual([
      ['ACCESS_DENIED'],
    ]);
  });
});

describe('Headers (3)', () => {
  it('wants a request id', async () => {
    const answer = await locator.produce('POST', '', { body: aPointer(), headers: { 'x-request-id': '' } });
    expect([answer.status, answer.body.issue[0]?.code, faultsIn(answer)]).toEqual([400, 'invalid', [['MISSING_OR_INVALID_HEADER']]]);
    expect(answer.body.issue[0]?.details.coding[0]?.system).toBe('https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode');
  });

  it.each(['', 'a'.repeat(300), 'caf\u00e9'])('leaves an X-Correlation-ID aside that cannot be said again: %p', async (given) => {
    const answer = await locator.produce('GET', `?${subject('9990000042')}`, { headers: { 'x-correlation-id': given } });
    expect([answer.status, answer.headers.get('x-correlation-id')]).toEqual([200, null]);
  });

  it('echoes both ids where the address cannot be read', async () => {
    const headers = { 'x-request-id': 'c1ab3fba-6bae-4ba4-b257-5a87c44d4a91', 'x-correlation-id': 'a group' };
    const answer = await locator.produce('GET', '/%zz', { headers });
    expect(answer.status).toBe(400);
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  });

  // with an application that may act for any organisation: the header is its to make up
  it.each(['RZZ-01', '*', '* RZZ01', 'RZZ01 producer', 'R'.repeat(21)])('knows no organisation %p', async (ods) => {
    for (const who of [aSupplier('wide'), aSupplier('supplier')]) {
      const answer = await locator.consume(`?${subject('9990000042')}`, { who, ods });
      expect([answer.status, faultsIn(answer)]).toEqual([403, [['ACCESS DENIED']]]);
    }
  });

  it('says what is wrong with the organisation', async () => {
    const missing = await locator.produce('GET', `?${subject('9990000042')}`, { ods: '' });
    expect([missing.status, missing.body.issue[0]?.code]).toEqual([400, 'required']);
    const unknown = await locator.produce('GET', `?${subject('9990000042')}`, { ods: 'RX898' });
    expect(unknown.body.issue[0]).toMatchObject({
      severity: 'error',
      code: 'forbidden',
      details: { coding: [{ code: 'ACCESS DENIED', display: 'Access has been denied to process this request' }] },
      diagnostics: "Your organisation 'RX898' does not have permission to access this resource. Contact the onboarding team.",
    });
  });

  it('refuses whoever comes without a token', async () => {
    const answer = await locator.produce('GET', '', { headers: { 'carespine-context': 'x' } });
    expect([answer.status, answer.body.issue[0]?.code, faultsIn(answer)]).toEqual([401, 'forbidden', [['ACCESS_DENIED']]]);
  });

  it.each([
    ['HEAD', ''],
    ['HEAD', '/RZZ01-a'],
    ['PATCH', '/RZZ01-a'],
    ['OPTIONS', ''],
    ['OPTIONS', '/RZZ01-a'],
    ['DELETE', ''],
    ['GET', '/_search'],
    ['POST', '/RZZ01-a'],
  ])('does not offer %s of %p', async (method, path) => {
    expect((await locator.produce(method, path)).status).toBe(405);
  });

  it('tells its health to anybody', async () => {
    for (const probe of ['producer/FHIR/R4/_status', 'producer/FHIR/R4/_ping', 'consumer/FHIR/R4/_status', 'consumer/FHIR/R4/_ping']) {
      expect((await fetch(`${locator.service.url}/record-locator/${probe}`)).status).toBe(200);
    }
  });

  it('keeps applications apart', async () => {
    expect((await locator.produce('GET', `?${subject('9990000042')}`, { who: aSupplier('another') })).status).toBe(403);
  });
});
