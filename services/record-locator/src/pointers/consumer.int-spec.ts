import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';
import { aUser, eventually } from '@carespine/test-kit';
import { Client } from 'pg';
import { aSupplier } from './fixtures/a-pointer';
import { faultsIn, idsIn, Locator, subject } from './fixtures/locator';

const NUMBER = '9990000018';
const UNKNOWN = '9990000212';
let locator: Locator;
/** Pointers of one patient: by type of RZZ01, of RZZ02, and one that only RZZ02 and RZZ04 may see. */
let crisis: string;
let emergency: string;
let foreign: string;
let chart: string;

beforeAll(async () => {
  locator = await Locator.start();
  crisis = await locator.create({});
  emergency = await locator.create({ type: '887701000000100' });
  foreign = await locator.create({ custodian: 'RZZ02' });
  chart = await locator.create({ custodian: 'RZZ02', type: '1363501000000100' });
});
afterAll(() => locator.stop());

const CUSTODIAN = 'custodian:identifier=https://fhir.nhs.uk/Id/ods-organization-code';
const SNOMED = 'http://snomed.info/sct';

describe('Search (6)', () => {
  it('finds pointers of any custodian, of permitted types alone, newest first', async () => {
    const answer = await locator.consume(`?${subject(NUMBER)}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/fhir+json;version=1');
    expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 2 });
    expect(idsIn(answer)).toEqual([foreign, crisis]);
    expect(idsIn(await locator.consume(`?${subject(NUMBER)}`, { ods: 'RZZ02' }))).toEqual([chart, foreign, emergency, crisis]);
  });

  it.each<[string, string, () => string[]]>([
    ['custodian', `&${CUSTODIAN}|RZZ01`, () => [crisis]],
    ['custodian that has none', `&${CUSTODIAN}|RZZ09`, () => []],
    ['type', `&type=${SNOMED}|736253002`, () => [foreign, crisis]],
    ['category', `&category=${SNOMED}|734163000`, () => [foreign, crisis]],
    ['one of two categories', `&category=${SNOMED}|734163000,${SNOMED}|1102421000000108`, () => [foreign, crisis]],
    ['a category of which no type is permitted', `&category=${SNOMED}|1102421000000108`, () => []],
    ['a type of another category', `&type=${SNOMED}|736253002&category=${SNOMED}|1102421000000108`, () => []],
  ])('filters by %s', async (_, query, expected) => {
    const answer = await locator.consume(`?${subject(NUMBER)}${query}`);
    expect([answer.status, idsIn(answer), answer.body.total]).toEqual([200, expected(), expected().length]);
  });

  it('says what was applied in its self link, in order and unencoded', async () => {
    const asked = {
      category: `${SNOMED}|734163000`,
      type: `${SNOMED}|736253002`,
      'custodian:identifier': 'https://fhir.nhs.uk/Id/ods-organization-code|RZZ01',
      'subject:identifier': `https://fhir.nhs.uk/Id/nhs-number|${NUMBER}`,
    };
    const { body } = await locator.consume(`?${new URLSearchParams(asked).toString()}`);
    expect(body.link).toEqual([
      {
        relation: 'self',
        url: `http://127.0.0.1:8080/record-locator/consumer/FHIR/R4/DocumentReference?${subject(NUMBER)}&${CUSTODIAN}|RZZ01&type=${SNOMED}|736253002&category=${SNOMED}|734163000`,
      },
    ]);
  });

  it('counts, and has no entries', async () => {
    for (const path of [`DocumentReference?${subject(NUMBER)}&_summary=count`, `_count?${subject(NUMBER)}`]) {
      const { status, body } = await locator.send('GET', `consumer/FHIR/R4/${path}`);
      expect([status, body.total, body.entry]).toEqual([200, 2, undefined]);
    }
  });

  it('does not tell a patient without pointers from one who does not exist', async () => {
    const { status, body } = await locator.consume(`?${subject(UNKNOWN)}`);
    expect([status, body.total, body.entry]).toEqual([200, 0, undefined]);
  });

  it('takes _search in JSON and as a form', async () => {
    const parameters = { 'subject:identifier': `https://fhir.nhs.uk/Id/nhs-number|${NUMBER}`, type: `${SNOMED}|736253002` };
    for (const body of [parameters, new URLSearchParams(parameters)]) {
      const headers = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : undefined;
      const answer = await locator.send('POST', 'consumer/FHIR/R4/DocumentReference/_search', { body, headers });
      expect([answer.status, idsIn(answer)]).toEqual([200, [foreign, crisis]]);
    }
    const count = await locator.send('POST', 'consumer/FHIR/R4/DocumentReference/_search', { body: { ...parameters, _summary: 'count' } });
    expect([count.body.total, count.body.entry]).toEqual([2, undefined]);
  });

  it.each<[string, unknown, Record<string, string> | undefined, string]>([
    ['nothing', undefined, undefined, 'BAD_REQUEST'],
    ['garbage', '{', undefined, 'MESSAGE_NOT_WELL_FORMED'],
    ['a list', [], undefined, 'MESSAGE_NOT_WELL_FORMED'],
    ['values that are no text', { 'subject:identifier': { toString: 1 } }, undefined, 'INVALID_PARAMETER'],
    ['no subject', {}, undefined, 'INVALID_PARAMETER'],
  ])('refuses a _search of %s', async (_, body, headers, code) => {
    const answer = await locator.send('POST', 'consumer/FHIR/R4/DocumentReference/_search', { body, headers });
    expect([answer.status, faultsIn(answer)[0]?.[0]]).toEqual([400, code]);
  });

  it.each<[string, string, string[]]>([
    ['no subject', '', ['INVALID_PARAMETER', 'subject:identifier']],
    ['an unknown parameter', `${subject(NUMBER)}&extra=x`, ['INVALID_PARAMETER', 'extra']],
    ['a repeated parameter', `${subject(NUMBER)}&${subject(NUMBER)}`, ['INVALID_PARAMETER', 'subject:identifier']],
    ['a short number', subject('123'), ['INVALID_NHS_NUMBER', 'subject:identifier']],
    ['a number that fails modulus 11', subject('9990000019'), ['INVALID_NHS_NUMBER', 'subject:identifier']],
    ['another system', 'subject:identifier=https://fhir.nhs.uk/Id/other|9990000018', ['INVALID_PARAMETER', 'subject:identifier']],
    ['a type that is not permitted', `${subject(NUMBER)}&type=${SNOMED}|887701000000100`, ['INVALID_CODE_SYSTEM', 'type']],
    ['a type of another system', `${subject(NUMBER)}&type=http://incorrect.info/sct|736253002`, ['INVALID_CODE_SYSTEM', 'type']],
    ['an unknown category', `${subject(NUMBER)}&category=${SNOMED}|1`, ['INVALID_CODE_SYSTEM', 'category']],
    ['another summary', `${subject(NUMBER)}&_summary=text`, ['INVALID_PARAMETER', '_summary']],
    ['a custodian of another system', `${subject(NUMBER)}&custodian:identifier=x|RZZ01`, ['INVALID_PARAMETER', 'custodian:identifier']],
    ['a custodian with a zero byte', `${subject(NUMBER)}&${CUSTODIAN}|%00`, ['INVALID_PARAMETER', 'custodian:identifier']],
    ['a page of nothing', `${subject(NUMBER)}&_count=0`, ['INVALID_PARAMETER', '_count']],
    ['a made-up page token', `${subject(NUMBER)}&next-page-token=x`, ['INVALID_PARAMETER', 'next-page-token']],
  ])('refuses %s', async (_, query, fault) => {
    const answer = await locator.consume(`?${query}`);
    expect([answer.status, faultsIn(answer)]).toEqual([400, [fault]]);
  });

  it('calls a bad number INVALID_IDENTIFIER_VALUE at the earlier count', async () => {
    expect(faultsIn(await locator.send('GET', `consumer/FHIR/R4/_count?${subject('123')}`))).toEqual([
      ['INVALID_IDENTIFIER_VALUE', 'subject:identifier'],
    ]);
  });

  it('goes through the pages that are asked for, none twice', async () => {
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.unshift(await locator.create({ nhsNumber: '9990000069' }));
    const found: string[] = [];
    let next: string | undefined = `?${subject('9990000069')}&_count=3`;
    while (next !== undefined) {
      const answer = await locator.consume(next);
      expect(answer.body.total).toBe(7);
      found.push(...idsIn(answer));
      const link: string | undefined = answer.body.link?.find(({ relation }) => relation === 'next')?.url;
      next = link?.slice(link.indexOf('?'));
    }
    expect(found.slice().sort()).toEqual(made.slice().sort());
    expect(found).toEqual(idsIn(await locator.consume(`?${subject('9990000069')}`)));
  });
});

describe('Read (C1)', () => {
  it('answers with the pointer', async () => {
    const { status, body } = await locator.consume(`/${foreign}`);
    expect([status, body.id, body.custodian.identifier.value]).toEqual([200, foreign, 'RZZ02']);
  });

  it.each<[string, () => string, number, string]>([
    ['a type that is not permitted', () => chart, 403, 'ACCESS DENIED'],
    ['an id that is not there', () => 'X26-000000000-000000000', 404, 'NO_RECORD_FOUND'],
    ['an id that is none', () => "X26`DROP TABLE 'pointers';--Something-000", 404, 'NO_RECORD_FOUND'],
  ])('refuses %s', async (_, id, status, code) => {
    const answer = await locator.consume(`/${encodeURIComponent(id())}`);
    expect([answer.status, faultsIn(answer)]).toEqual([status, [[code]]]);
  });
});

describe('Permissions (8)', () => {
  it.each<[string, object]>([
    ['an organisation without permissions', { ods: 'RX898' }],
    ['an organisation with no types', { ods: 'RZZ05' }],
    ['an organisation that only produces', { ods: 'RZZ03' }],
    ['another application', { who: aSupplier('another') }],
    ['staff for another organisation', { who: aUser(), ods: 'RZZ02' }],
    ['staff of an organisation without permissions', { who: aUser({ organisation: { odsCode: 'RZZ02', name: 'B' } }), ods: '' }],
  ])('refuses %s', async (_, sent) => {
    for (const path of [`?${subject(NUMBER)}`, `/${crisis}`, '/X26-nothing']) {
      const answer = await locator.consume(path, sent);
      expect([answer.status, faultsIn(answer)]).toEqual([403, [['ACCESS DENIED']]]);
    }
  });

  it('an application may hold a permission for every organisation', async () => {
    expect(idsIn(await locator.consume(`?${subject(NUMBER)}`, { who: aSupplier('wide'), ods: 'RX898' }))).toEqual([foreign, crisis]);
  });

  it('staff see what their organisation may', async () => {
    expect(idsIn(await locator.consume(`?${subject(NUMBER)}`, { who: aUser(), ods: '' }))).toEqual([chart, foreign, emergency, crisis]);
    expect((await locator.consume(`/${chart}`, { who: aUser() })).status).toBe(200);
    expect((await locator.consume(`/${chart}`, { who: aUser({ activityCodes: ['B0264'] }) })).status).toBe(403);
  });
});

describe('Every access is recorded (10.3)', () => {
  it('by patient, with what was asked, also when it was posted', async () => {
    await locator.send('POST', 'consumer/FHIR/R4/DocumentReference/_search', {
      body: { 'subject:identifier': 'https://fhir.nhs.uk/Id/nhs-number|9990000255' },
    });
    await locator.consume(`/${crisis}`);
    const log = new Client({ connectionString: locator.service.eventLogUrl });
    await log.connect();
    try {
      await eventually(async () => {
        const { rows } = await log.query<{ payload: Buffer }>(`SELECT payload FROM event_log WHERE topic = 'audit.access.v1'`);
        const records = rows.map(({ payload }) => fromBinary(AccessRecordedSchema, payload));
        expect(records).toContainEqual(
          expect.objectContaining({
            nhsNumber: '9990000255',
            interactionName: 'Search for pointers',
            query: expect.stringContaining('9990000255') as string,
            submittedOrganisation: '',
          }),
        );
        expect(records).toContainEqual(
          expect.objectContaining({ nhsNumber: NUMBER, interactionName: 'Retrieve pointer', resourceId: crisis }),
        );
      });
    } finally {
      await log.end();
    }
  });
});
