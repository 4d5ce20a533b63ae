import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { Principal } from '@carespine/access-control';
import { AccessRecordedSchema, fromBinary, Outcome } from '@carespine/contracts';
import type { Bundle, OperationOutcome, Patient } from '@carespine/fhir';
import { anApplication, aUser, contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import { demographics } from '../service';
import { NAME_COLUMNS, nameRowsOf, PATIENT_COLUMNS, rowOf } from './patient-row';

const BASE = '/personal-demographics/FHIR/R4';
const CLINICIAN = aUser();

function aPatient(id: string, rest: Partial<Patient> = {}, label = 'U'): Patient {
  return {
    resourceType: 'Patient',
    id,
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: id }],
    meta: { versionId: '1', security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: label }] },
    name: [{ id: 'n1', use: 'usual', family: 'Smith', given: ['Jane'], period: { start: '2000-01-01' } }],
    gender: 'female',
    birthDate: '1985-10-22',
    address: [{ id: 'a1', use: 'home', line: ['1 High Street', '', '', 'Leeds'], postalCode: 'LS1 6AE', period: { start: '2000-01-01' } }],
    ...rest,
  };
}

describe('Personal demographics', () => {
  let service: RunningService;
  let db: Client;

  beforeAll(async () => {
    service = await startService(demographics);
    db = new Client({ connectionString: service.databaseUrl });
    await db.connect();
    await add(
      aPatient('9990000018'),
      aPatient('9990000026', { birthDate: '1970-01-01' }),
      aPatient('9990000034', {}, 'R'),
      aPatient('9990000042', {}, 'V'),
      aPatient('9990000050', { link: [{ type: 'replaced-by', other: { reference: 'Patient/9990000018' } }] }),
      aPatient('9990000069', {}, 'REDACTED'),
    );
  });
  afterAll(async () => {
    await db.end();
    await service.stop();
  });

  async function add(...patients: Patient[]): Promise<void> {
    for (const patient of patients) {
      const row = rowOf(patient, '2026-01-01');
      await db.query(`INSERT INTO patients (${PATIENT_COLUMNS.join()}) VALUES (${PATIENT_COLUMNS.map((_, i) => `$${i + 1}`).join()})`, PATIENT_COLUMNS.map((c) => row[c]));
      for (const name of nameRowsOf(patient, '2026-01-01')) {
        await db.query(`INSERT INTO patient_names (${NAME_COLUMNS.join()}) VALUES ($1,$2,$3,$4,$5)`, NAME_COLUMNS.map((c) => name[c]));
      }
    }
  }

  interface Answer {
    status: number;
    body: Omit<Patient, 'resourceType'> & Omit<Bundle<Patient>, 'resourceType' | 'link'> & Omit<OperationOutcome, 'resourceType'>;
    headers: Headers;
    code?: string;
    diagnostics?: string;
  }
  async function call(path: string, init: { who?: Principal; method?: string; headers?: Record<string, string>; body?: unknown } = {}): Promise<Answer> {
    const answer = await fetch(`${service.url}${BASE}${path}`, {
      method: init.method ?? 'GET',
      headers: { ...(await contextOf(init.who ?? CLINICIAN)), ...init.headers },
      ...(init.body !== undefined && { body: typeof init.body === 'string' ? init.body : JSON.stringify(init.body) }),
    });
    const body = (await answer.json()) as Answer['body'];
    const issue = body.issue?.[0];
    return { status: answer.status, body, headers: answer.headers, code: issue?.details.coding[0]?.code, diagnostics: issue?.diagnostics };
  }
  const patch = (id: string, version: number, patches: unknown, extra: Record<string, string> = {}, who = CLINICIAN): Promise<Answer> =>
    call(`/Patient/${id}`, { method: 'PATCH', who, headers: { 'if-match': `W/"${version}"`, 'content-type': 'application/json-patch+json', ...extra }, body: { patches } });

  describe('retrieve', () => {
    it('answers with the record, its version as a weak ETag, and the ids of the request', async () => {
      const requestId = randomUUID();
      const { status, body, headers } = await call('/Patient/9990000018', { headers: { 'x-request-id': requestId, 'x-correlation-id': 'abc' } });
      expect(status).toBe(200);
      expect(body.id).toBe('9990000018');
      expect(body.address?.[0]?.line).toEqual(['1 High Street', 'Leeds']);
      expect(Object.fromEntries(headers)).toMatchObject({ etag: 'W/"1"', 'content-type': 'application/fhir+json', 'x-request-id': requestId, 'x-correlation-id': 'abc' });
    });

    it('answers a superseded number with the retained record', async () => expect((await call('/Patient/9990000050')).body.id).toBe('9990000018'));

    it.each([
      ['9990000069', 404, 'INVALIDATED_RESOURCE'],
      ['9990000077', 404, 'RESOURCE_NOT_FOUND'],
      ['9990000019', 400, 'INVALID_RESOURCE_ID'],
      ['1', 400, 'INVALID_RESOURCE_ID'],
      ["9990000018'--", 400, 'INVALID_RESOURCE_ID'],
      ['', 400, 'UNSUPPORTED_SERVICE'],
    ])('answers %p with %i %s', async (id, status, code) => expect(await call(`/Patient/${id}`)).toMatchObject({ status, code }));

    it('keeps the location of a restricted patient from all but those who may read it', async () => {
      expect((await call('/Patient/9990000034')).body.address).toBeUndefined();
      expect((await call('/Patient/9990000034', { who: anApplication() })).body.address).toBeUndefined();
      expect((await call('/Patient/9990000034', { who: anApplication({ mode: 'privileged-application-restricted' }) })).body.address).toHaveLength(1);
      expect((await call('/Patient/9990000034', { who: aUser({ activityCodes: ['B0264', 'B1611'] }) })).body.address).toHaveLength(1);
      expect((await call('/Patient/9990000034', { who: aUser({ activityCodes: ['B0264', 'B1611'], aal: 2 }) })).body.address).toBeUndefined();
    });

    it('shows nothing that identifies a very restricted patient, to anybody', async () => {
      const { body } = await call('/Patient/9990000042', { who: anApplication({ mode: 'privileged-application-restricted' }) });
      expect([body.name, body.birthDate, body.address]).toEqual([undefined, undefined, undefined]);
    });

    it.each([
      [{ 'x-request-id': '' }, 'MISSING_VALUE'],
      [{ 'x-request-id': 'no-uuid' }, 'INVALID_VALUE'],
    ])('refuses the headers %p', async (headers, code) => expect(await call('/Patient/9990000018', { headers })).toMatchObject({ status: 400, code }));

    it('refuses whoever lacks the permission or the context', async () => {
      expect((await call('/Patient/9990000018', { who: aUser({ activityCodes: ['B0370'] }) })).status).toBe(403);
      expect((await fetch(`${service.url}${BASE}/Patient/9990000018`)).status).toBe(401);
      expect((await call('/Patient/9990000018', { headers: { 'carespine-context': 'eyJhbGciOiJub25lIn0.e30.' } })).status).toBe(401);
    });
  });

  describe('update', () => {
    it('changes the record, raises the version by one and keeps what was', async () => {
      const changed = await patch('9990000026', 1, [{ op: 'replace', path: '/gender', value: 'unknown' }]);
      expect(changed).toMatchObject({ status: 200, body: { gender: 'unknown', meta: { versionId: '2' } } });
      expect(changed.headers.get('etag')).toBe('W/"2"');
      expect((await call('/Patient/9990000026')).body).toEqual(changed.body);
      const { rows } = await db.query(`SELECT version FROM patient_versions WHERE nhs_number = '9990000026'`);
      expect(rows).toEqual([{ version: 1 }]);
    });

    it('answers the same request, sent again, as the first time', async () => {
      const same = { 'x-request-id': randomUUID() };
      const patches = [{ op: 'replace', path: '/gender', value: 'male' }];
      const first = await patch('9990000026', 2, patches, same);
      const again = await patch('9990000026', 2, patches, same);
      expect([first.status, again.status, again.body.meta?.versionId]).toEqual([200, 200, '3']);
      expect(await patch('9990000026', 2, patches)).toMatchObject({ status: 409, code: 'RESOURCE_VERSION_MISMATCH' });
    });

    it('lets one of two concurrent updates win', async () => {
      const answers = await Promise.all(['female', 'unknown'].map((value) => patch('9990000026', 3, [{ op: 'replace', path: '/gender', value }])));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    });

    it('makes a new name findable', async () => {
      await patch('9990000026', 4, [
        { op: 'test', path: '/name/0/id', value: 'n1' },
        { op: 'replace', path: '/name/0/family', value: 'Marlowe' },
      ]);
      expect((await call('/Patient?family=marlowe&birthdate=eq1970-01-01')).body.entry?.[0]?.resource.id).toBe('9990000026');
      expect((await call('/Patient?family=smith&birthdate=eq1970-01-01')).body.total).toBe(0);
      expect((await call('/Patient?family=smith&birthdate=eq1970-01-01&_history=true')).body.entry?.[0]?.resource.id).toBe('9990000026');
    });

    it.each([
      [{ 'if-match': '' }, 412, 'PRECONDITION_FAILED'],
      [{ 'if-match': '"1"' }, 412, 'PRECONDITION_FAILED'],
      [{ 'content-type': 'application/json' }, 400, 'UNSUPPORTED_SERVICE'],
      [{ 'if-match': 'W/"77"' }, 409, 'RESOURCE_VERSION_MISMATCH'],
    ])('refuses the headers %p', async (headers, status, code) =>
      expect(await patch('9990000018', 1, [{ op: 'replace', path: '/gender', value: 'male' }], headers)).toMatchObject({ status, code }),
    );

    it.each([
      ['9990000034', 403, 'FORBIDDEN_UPDATE'],
      ['9990000050', 403, 'FORBIDDEN_UPDATE'],
      ['9990000069', 404, 'INVALIDATED_RESOURCE'],
      ['9990000077', 404, 'RESOURCE_NOT_FOUND'],
    ])('refuses %s', async (id, status, code) => expect(await patch(id, 1, [{ op: 'replace', path: '/gender', value: 'male' }])).toMatchObject({ status, code }));

    it('refuses an application, unless it may update', async () => {
      const refused = await patch('9990000018', 1, [], {}, anApplication());
      expect(refused).toMatchObject({ status: 403, code: 'INVALID_METHOD' });
      expect(refused.body.issue[0]?.details.coding[0]?.display).toBe('Cannot update resource with application-restricted access token');
    });

    it('refuses malformed, deep and oversized bodies', async () => {
      const send = (body: string): Promise<Answer> =>
        call('/Patient/9990000018', { method: 'PATCH', headers: { 'if-match': 'W/"1"', 'content-type': 'application/json-patch+json' }, body });
      expect((await send('{"patches":')).status).toBe(400);
      expect((await send(`{"patches":[{"op":"add","path":"/x","value":${'['.repeat(10_000)}${']'.repeat(10_000)}}]}`)).status).toBe(400);
      expect((await send('{"__proto__":{"a":1}}')).status).toBe(400);
      expect((await send(`{"patches":"${'x'.repeat(1_100_000)}"}`)).status).toBe(413);
    });
  });

  it('answers what it does not have with UNSUPPORTED_REQUEST', async () => {
    expect(await call('/Nothing')).toMatchObject({ status: 400, code: 'UNSUPPORTED_REQUEST' });
    expect(await call('/Patient', { method: 'POST' })).toMatchObject({ status: 400, code: 'UNSUPPORTED_REQUEST' });
  });

  it('answers 503 when the access record cannot be written', async () => {
    await db.query('ALTER TABLE outbox RENAME TO away');
    try {
      const { status, headers, code, body } = await call('/Patient/9990000018');
      expect([status, code, headers.get('retry-after'), body.name]).toEqual([503, 'SERVICE_UNAVAILABLE', '5', undefined]);
    } finally {
      await db.query('ALTER TABLE away RENAME TO outbox');
    }
  });

  it('gives no answer without its access record', async () => {
    const who = aUser({ userId: '555000000777' });
    await call('/Patient/9990000018', { who });
    await call('/Patient/9990000077', { who });
    await call('/Patient/9990000018', { who: { ...who, permissions: new Set() } });
    const log = new Client({ connectionString: service.eventLogUrl });
    await log.connect();
    try {
      await eventually(async () => {
        const { rows } = await log.query<{ payload: Buffer }>(`SELECT payload FROM event_log WHERE topic = 'audit.access.v1' ORDER BY position`);
        const mine = rows.map((row) => fromBinary(AccessRecordedSchema, row.payload)).filter((record) => record.agent?.userId === '555000000777');
        expect(mine.map(({ outcome, nhsNumber }) => [outcome, nhsNumber])).toEqual([
          [Outcome.SUCCESS, '9990000018'],
          [Outcome.MINOR_FAILURE, '9990000077'],
          [Outcome.MINOR_FAILURE, '9990000018'],
        ]);
      });
    } finally {
      await log.end();
    }
  });
});
