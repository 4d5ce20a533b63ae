import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Client } from 'pg';
import { demographics } from '@carespine/demographics-service/src/service';
import { NAME_COLUMNS, nameRowsOf, PATIENT_COLUMNS, rowOf } from '@carespine/demographics-service/src/patients/patient-row';
import type { Patient } from '@carespine/fhir';
import { anApplication, aUser, contextOf, startService, type RunningService } from '@carespine/test-kit';
import { aPatient, type TestPatient } from '../patients';
import { hostileDate, hostileJson, hostileText, nearly } from './hostile-values';
import { GOOD_CHANGES } from './good-changes';

const SEARCHES = 5_000;
const UPDATES = 5_000;
const RETRIEVALS = 500;
const BASE = '/personal-demographics/FHIR/R4/Patient';

let service: RunningService;
let db: Client;
const patients: TestPatient[] = [];

beforeAll(async () => {
  service = await startService(demographics, { LOG_LEVEL: 'silent' });
  db = new Client({ connectionString: service.databaseUrl });
  await db.connect();
  for (let i = 0; i < 20; i++) {
    const patient = aPatient({ family: i < 5 ? 'Smith' : undefined, label: i === 4 ? 'R' : 'U' });
    await place(patient);
    patients.push(patient);
  }
});
afterAll(async () => {
  await db.end();
  await service.stop();
});

/** Puts a record into the register as it was at first. */
async function place(patient: TestPatient): Promise<void> {
  for (const table of ['patient_versions', 'patient_names', 'patients']) await db.query(`DELETE FROM ${table} WHERE nhs_number = $1`, [patient.id]);
  const row = rowOf(patient, '2026-01-01');
  const places = PATIENT_COLUMNS.map((_, index) => `$${index + 1}`);
  await db.query(`INSERT INTO patients (${PATIENT_COLUMNS.join()}) VALUES (${places.join()})`, PATIENT_COLUMNS.map((column) => row[column]));
  for (const name of nameRowsOf(patient, '2026-01-01')) {
    await db.query(`INSERT INTO patient_names (${NAME_COLUMNS.join()}) VALUES ($1,$2,$3,$4,$5)`, NAME_COLUMNS.map((column) => name[column]));
  }
}

interface Request {
  method: 'GET' | 'PATCH';
  url: string;
  headers?: Record<string, string>;
  payload?: string;
}

const callers = [aUser(), aUser({ aal: 2 }), anApplication(), anApplication({ mode: 'privileged-application-restricted' })];
let contexts: { made: number; headers: Record<string, string>[] } | undefined;

/** Contexts live a minute. */
async function contextFor(caller: number): Promise<Record<string, string>> {
  if (!contexts || Date.now() - contexts.made > 20_000) contexts = { made: Date.now(), headers: await Promise.all(callers.map(contextOf)) };
  return contexts.headers[caller] ?? {};
}

/** No 5xx, and every refusal is an OperationOutcome. */
async function answered({ method, url, headers, payload }: Request, caller = 0): Promise<{ status: number; body: Omit<Patient, 'resourceType'> & { resourceType: string } }> {
  const answer = await service.app.inject({ method, url, headers: { ...(await contextFor(caller)), 'x-request-id': randomUUID(), ...headers }, payload });
  const body = JSON.parse(answer.payload) as Omit<Patient, 'resourceType'> & { resourceType: string };
  if (answer.statusCode >= 500) throw new Error(`${answer.statusCode} for ${method} ${url}`);
  if (answer.statusCode >= 400 && body.resourceType !== 'OperationOutcome') throw new Error(`${answer.statusCode} without an OperationOutcome for ${method} ${url}`);
  return { status: answer.statusCode, body };
}

const percentEncoded = (text: string): string => encodeURIComponent(text.toWellFormed()).replace(/%20/g, '+');

describe(`${SEARCHES} searches`, () => {
  const known: Record<string, fc.Arbitrary<string>> = {
    family: fc.oneof(fc.constantFrom('Smith', 'smi*', 'Smyth'), hostileText),
    given: fc.oneof(fc.constantFrom('Imogen', 'Imo*', 'I', 'Rose'), hostileText),
    gender: fc.oneof(fc.constantFrom('female', 'male', 'unknown', 'other'), hostileText),
    birthdate: fc.oneof(fc.constantFrom('1985-03-04', 'eq1985-03-04', 'ge1980-01-01', 'le1990-01-01'), hostileDate),
    'death-date': hostileDate,
    'address-postalcode': fc.oneof(fc.constantFrom('LS1 6AE', 'ls16ae', 'LS*', 'L*'), hostileText),
    'address-postcode': fc.constantFrom('LS1 6AE', 'XX1 1XX', ''),
    'general-practitioner': fc.oneof(fc.constantFrom('Y12345', 'y12345'), hostileText),
    'managing-organization': fc.oneof(fc.constant('RZZ01'), hostileText),
    email: fc.oneof(fc.constant('a@example.com'), hostileText),
    phone: fc.oneof(fc.constant('07700900982'), hostileText),
    '_fuzzy-match': fc.constantFrom('true', 'true', 'false', 'TRUE', ''),
    '_exact-match': fc.constantFrom('true', 'false', '1'),
    _history: fc.constantFrom('true', 'false', 'null'),
    '_max-results': fc.oneof(fc.constantFrom('1', '50', '0', '51', '-1', '1.5', '1e1', '٣'), hostileText),
  };
  const parameter = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...Object.keys(known)).chain((name) => (known[name] as fc.Arbitrary<string>).map((value) => `${name}=${percentEncoded(value)}`)) },
    { weight: 1, arbitrary: fc.tuple(hostileText, hostileText).map(([name, value]) => `${percentEncoded(name.slice(0, 50))}=${percentEncoded(value)}`) },
    { weight: 1, arbitrary: fc.constantFrom('family', '&', '=', '=x', 'family[]=x', 'family[a]=x', 'family=%ff', 'family=%', 'given=a,b', '__proto__=1', 'constructor[x]=1', 'birthdate=1985-03-04;family=x') },
  );
  // enough of a search that its values get past the minimum criteria, in half of the cases
  const query = fc.tuple(fc.constantFrom('', 'family=Smith&birthdate=1985-03-04&', 'family=Smith&given=Imogen&birthdate=1985-03-04&_fuzzy-match=true&'), fc.array(parameter, { maxLength: 6 }));

  it('are answered or refused, never a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(query, fc.nat(callers.length - 1), async ([start, rest], caller) => {
        await answered({ method: 'GET', url: `${BASE}?${start}${rest.join('&')}` }, caller);
      }),
      { numRuns: SEARCHES },
    );
  }, 300_000);
});

describe(`${RETRIEVALS} retrievals`, () => {
  const id = fc.oneof(
    hostileText.map((text) => encodeURIComponent(text.slice(0, 300).toWellFormed())),
    fc.bigInt({ min: 0n, max: 10n ** 12n }).map(String),
    fc.constantFrom('9000000009', '٩٠٠٠٠٠٠٠٠٩', '9000000009%20', '+9000000009', '$process-birth-details', '_search', '_history'),
  );
  const headers = fc.record({ 'x-request-id': hostileHeader(), 'x-correlation-id': hostileHeader(), 'nhsd-session-urid': hostileHeader(), 'nhsd-end-user-organisation-ods': hostileHeader(), traceparent: hostileHeader() }, { requiredKeys: [] });

  it('are answered or refused, never a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(id, fc.constantFrom('', '/RelatedPerson', '/_history', '/'), headers, fc.nat(callers.length - 1), async (nhsNumber, rest, more, caller) => {
        await answered({ method: 'GET', url: `${BASE}/${nhsNumber}${rest}`, headers: more }, caller);
      }),
      { numRuns: RETRIEVALS },
    );
  }, 120_000);
});

/** What an HTTP client can send at all. */
function hostileHeader(): fc.Arbitrary<string> {
  return hostileText.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?').trim());
}

describe(`${UPDATES} updates`, () => {
  it.each(GOOD_CHANGES.map((change) => [JSON.stringify(change).slice(0, 100), change] as const))('start from changes that are accepted: %s', async (_text, change) => {
    const patient = patients[0] as TestPatient;
    await place(patient);
    const headers = { 'content-type': 'application/json-patch+json', 'if-match': 'W/"1"' };
    expect(await answered({ method: 'PATCH', url: `${BASE}/${patient.id}`, headers, payload: JSON.stringify({ patches: change }) })).toMatchObject({ status: 200 });
    await place(patient);
  });

  const list = fc.constantFrom('name', 'address', 'telecom', 'contact', 'generalPractitioner', 'extension');
  const member = fc.constantFrom(
    'id', 'use', 'family', 'given', 'given/0', 'given/-', 'prefix', 'prefix/0', 'suffix', 'period', 'period/start', 'period/end', 'line', 'line/0', 'line/4', 'line/-', 'postalCode', 'text', 'system', 'value',
    'url', 'extension', 'extension/0', 'extension/0/valueCodeableConcept/coding/0/code', 'valueReference/identifier/value', 'relationship/0/coding/0/code', 'telecom/0/value', 'identifier/value', 'type',
  ); // prettier-ignore
  const path = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(list, fc.constantFrom('0', '0', '1', '-', '2', '99', '-1', '00', '1e0'), member).map(([name, index, part]) => `/${name}/${index}/${part}`) },
    { weight: 4, arbitrary: fc.tuple(list, fc.constantFrom('0', '1', '-')).map(([name, index]) => `/${name}/${index}`) },
    { weight: 3, arbitrary: fc.constantFrom('/gender', '/birthDate', '/deceasedDateTime', '/multipleBirthInteger', '/managingOrganization', '/id', '/meta', '/meta/versionId', '/identifier/0/value', '', '/', '//', '/name', '/~1', '/~2', '/__proto__/x', '/constructor/prototype/x') },
    { weight: 1, arbitrary: hostileText.map((text) => `/${text}`) },
  ); // prettier-ignore
  const period = fc.option(fc.record({ start: hostileDate, end: hostileDate }, { requiredKeys: [] }), { nil: undefined });
  const item = fc.oneof(
    fc.record({ use: fc.constantFrom('usual', 'temp', 'nickname', 'old', 'official'), family: hostileText, given: fc.array(hostileText, { maxLength: 6 }), prefix: fc.array(hostileText, { maxLength: 2 }), period }, { requiredKeys: ['use', 'family'] }),
    fc.record({ id: fc.constantFrom('A1', 'A0', 'X'), use: fc.constantFrom('home', 'temp', 'billing', 'work'), line: fc.array(fc.oneof(hostileText, fc.constantFrom('1 Street', 'Leeds')), { maxLength: 6 }), postalCode: fc.oneof(hostileText, fc.constantFrom('LS1 6AE', 'ZZ99 3VZ')), text: fc.oneof(hostileText, fc.constant('Holiday Home')), period }, { requiredKeys: ['use'] }),
    fc.record({ id: fc.constantFrom('T1', 'X'), system: fc.constantFrom('phone', 'email', 'fax', 'other', 'sms'), use: fc.constantFrom('mobile', 'home', 'work', 'temp'), value: fc.oneof(hostileText, fc.constantFrom('a@example.com', '07700900111')), period }, { requiredKeys: ['system', 'use', 'value'] }),
    fc.record({ url: fc.oneof(hostileText, fc.constantFrom('NominatedPharmacy', 'NHSCommunication', 'ContactPreference', 'DeathNotificationStatus').map((tail) => `https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-${tail}`), fc.constant('http://hl7.org/fhir/StructureDefinition/patient-birthPlace')), valueReference: hostileJson, valueAddress: hostileJson, extension: hostileJson }, { requiredKeys: ['url'] }),
  ); // prettier-ignore
  const value = fc.oneof(hostileJson, item, hostileText, hostileDate, fc.constantFrom('female', 'unknown', 'N1', 'A1', 'T1'));
  const operation = fc.oneof(
    { weight: 8, arbitrary: fc.record({ op: fc.constantFrom('add', 'replace', 'remove', 'test'), path, value }) },
    { weight: 1, arbitrary: fc.record({ op: hostileJson, path: hostileJson, value: hostileJson }, { requiredKeys: [] }) },
  );
  // with the ids that the addressing rules ask for, an operation gets as far as the rules about values
  const identified = fc.tuple(fc.constantFrom(['name', 'N1'], ['address', 'A1'], ['telecom', 'T1'], ['generalPractitioner', 'G1']), member, value, fc.constantFrom('replace', 'add', 'remove')).map(([[name, id], part, given, op]) => [
    { op: 'test', path: `/${name}/0/id`, value: id },
    ...(op === 'remove' ? [{ op: 'test', path: `/${name}/0/id`, value: id }] : []),
    { op, path: `/${name}/0/${part}`, value: given },
  ]);
  const added = fc.tuple(list, item).map(([name, given]) => [{ op: 'add', path: `/${name}/-`, value: Object.fromEntries(Object.entries(given).filter(([key]) => key !== 'id')) }]);
  const almostGood = fc.constantFrom(...GOOD_CHANGES).chain(nearly);
  const body = fc.oneof(
    { weight: 12, arbitrary: fc.array(almostGood, { minLength: 1, maxLength: 2 }).map((changes) => JSON.stringify({ patches: changes.flat() })) },
    { weight: 4, arbitrary: fc.array(operation, { maxLength: 4 }).map((patches) => JSON.stringify({ patches })) },
    { weight: 6, arbitrary: fc.oneof(identified, added).map((patches) => JSON.stringify({ patches })) },
    { weight: 1, arbitrary: hostileJson.map((json) => JSON.stringify(json) ?? '') },
    { weight: 1, arbitrary: hostileText },
  );
  const ifMatch = fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.oneof(hostileHeader(), fc.bigInt({ min: -1n, max: 10n ** 30n }).map((version) => `W/"${version}"`), hostileHeader().map((text) => `W/"${text}"`)) },
  );

  it('are carried out whole or not at all, never a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(patients.length - 1), body, ifMatch, async (index, payload, tag) => {
        const patient = patients[index] as TestPatient;
        const url = `${BASE}/${patient.id}`;
        const before = await answered({ method: 'GET', url });
        const version = Number(before.body.meta?.versionId);
        const headers = { 'content-type': 'application/json-patch+json', 'if-match': tag ?? `W/"${version}"` };
        const updated = await answered({ method: 'PATCH', url, headers, payload });
        const after = await answered({ method: 'GET', url });
        const expected = updated.status === 200 ? updated.body : before.body;
        if (JSON.stringify(after.body) !== JSON.stringify(expected)) throw new Error('the record is not what the answer said');
        if (updated.status !== 200) return;
        if (Number(after.body.meta?.versionId) !== version + 1) throw new Error('the version did not rise by one');
        // else it would soon be full, and every addition refused for that
        await place(patient);
      }),
      {
        numRuns: UPDATES,
        examples: [
          [0, JSON.stringify({ patches: [{ op: 'add', path: '/telecom/-', value: { system: 'phone', use: 'home', value: 'a\0b' } }] }), undefined],
          [0, '{"patches":[]}', `W/"${2 ** 31}"`],
        ],
      },
    );
  }, 300_000);
});
