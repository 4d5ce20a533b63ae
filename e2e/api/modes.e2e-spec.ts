import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@carespine/test-kit';
import { addPatients, aPatient } from '../patients';
import { ROOT, thePlatform } from '../platform';
import { RECORDS_OFFICE, Supplier, TRACING_APP } from './supplier';

const CONSULTANT = '555000000101';
const RECEPTIONIST = '555000000104';
const TWO_ROLES = '555000000106';
const OFFICER = '555000000107';
const RECORDS_MANAGER = '555000000109';
const HOSPITAL_ROLE = '555000001106';
const COMMUNITY_ROLE = '555000001206';

const platform = thePlatform();
const patient = aPatient();
const restricted = aPatient({ label: 'R' });
const family = patient.name?.[0]?.family ?? '';
const search = `/Patient?family=${family}&birthdate=eq1985-03-04`;
const suppliers = {} as Record<'consultant' | 'receptionist' | 'application' | 'privileged', Supplier>;

beforeAll(async () => {
  await addPatients(platform, patient, restricted);
  suppliers.consultant = await Supplier.ofUser(platform, CONSULTANT);
  suppliers.receptionist = await Supplier.ofUser(platform, RECEPTIONIST, { aal: 2 });
  suppliers.application = await Supplier.ofApplication(platform, TRACING_APP);
  suppliers.privileged = await Supplier.ofApplication(platform, RECORDS_OFFICE);
});

describe('every access mode', () => {
  it.each(['consultant', 'receptionist', 'application', 'privileged'] as const)('%s: retrieves, searches, and reads related people', async (mode) => {
    const supplier = suppliers[mode];
    const requestId = randomUUID();
    const read = await supplier.call(`/Patient/${patient.id}`, { headers: { 'x-request-id': requestId, 'x-correlation-id': 'a-b-c' } });
    expect(read).toMatchObject({ status: 200, body: { resourceType: 'Patient', id: patient.id, birthDate: '1985-03-04' } });
    expect(Object.fromEntries(read.headers)).toMatchObject({
      etag: `W/"${read.body.meta?.versionId}"`,
      'content-type': 'application/fhir+json',
      'x-request-id': requestId,
      'x-correlation-id': 'a-b-c',
    });
    const found = await supplier.call(search);
    expect(found).toMatchObject({ status: 200, body: { resourceType: 'Bundle', type: 'searchset', total: 1, entry: [{ search: { score: 1 }, resource: { id: patient.id } }] } });
    expect(found.body.entry?.[0]).toMatchObject({ fullUrl: `${platform.url}/personal-demographics/FHIR/R4/Patient/${patient.id}` });
    expect(await supplier.call(`/Patient/${patient.id}/RelatedPerson`)).toMatchObject({ status: 200, body: { resourceType: 'Bundle', total: 0 } });
  });

  it.each([
    ['consultant', 50, 200],
    ['application', 1, 200],
    ['application', 2, 403],
    ['privileged', 50, 403],
  ] as const)('%s with _max-results %i: %i', async (mode, most, status) => expect((await suppliers[mode].call(`${search}&_max-results=${most}`)).status).toBe(status));

  it('a location that is restricted goes to a privileged application on retrieval, and to nobody in a search', async () => {
    const places = async (supplier: Supplier, path: string): Promise<unknown> => {
      const { body } = await supplier.call(path);
      const { address, telecom, generalPractitioner } = body.entry?.[0]?.resource ?? body;
      return [address, telecom, generalPractitioner].some((place) => place !== undefined);
    };
    const found = `/Patient?family=${restricted.name?.[0]?.family}&birthdate=1985-03-04`;
    const manager = await Supplier.ofUser(platform, RECORDS_MANAGER);
    expect(await places(suppliers.consultant, `/Patient/${restricted.id}`)).toBe(false);
    expect(await places(suppliers.application, `/Patient/${restricted.id}`)).toBe(false);
    expect(await places(suppliers.privileged, `/Patient/${restricted.id}`)).toBe(true);
    expect(await places(manager, `/Patient/${restricted.id}`)).toBe(true);
    for (const supplier of [...Object.values(suppliers), manager]) expect(await places(supplier, found)).toBe(false);
  });
});

describe('an update', () => {
  const change = [{ op: 'replace', path: '/gender', value: 'unknown' }];

  it('is for users whose role allows it', async () => {
    const { body } = await suppliers.consultant.call(`/Patient/${patient.id}`);
    const version = Number(body.meta?.versionId);
    expect(await suppliers.application.patch(patient.id, version, change)).toMatchObject({ status: 403, code: 'INVALID_METHOD' });
    expect(await suppliers.privileged.patch(patient.id, version, change)).toMatchObject({ status: 403, code: 'INVALID_METHOD' });
    expect(await suppliers.receptionist.patch(patient.id, version, change)).toMatchObject({ status: 403, code: 'ACCESS_DENIED' });

    const requestId = { 'x-request-id': randomUUID() };
    const updated = await suppliers.consultant.patch(patient.id, version, change, requestId);
    expect(updated).toMatchObject({ status: 200, body: { gender: 'unknown', meta: { versionId: String(version + 1) } } });
    expect(updated.headers.get('etag')).toBe(`W/"${version + 1}"`);
    expect(await suppliers.consultant.patch(patient.id, version, change, requestId)).toMatchObject({ status: 200, body: { meta: { versionId: String(version + 1) } } });
    expect(await suppliers.consultant.patch(patient.id, version, change)).toMatchObject({ status: 409, code: 'RESOURCE_VERSION_MISMATCH' });
    expect(await suppliers.consultant.patch(restricted.id, 1, change)).toMatchObject({ status: 403, code: 'FORBIDDEN_UPDATE' });
  });
});

describe('the role of a call', () => {
  it('is named by NHSD-Session-URID, or was selected at sign-in, or is the only one; else 401', async () => {
    const undecided = await Supplier.ofUser(platform, TWO_ROLES);
    const refused = await undecided.call(`/Patient/${patient.id}`);
    expect(refused.status).toBe(401);
    expect(refused.body.issue[0]?.diagnostics).toContain('NHSD-Session-URID');

    // the hospital's role reads, the community's also updates
    const as = (roleId: string) => undecided.patch(patient.id, 9_999, [{ op: 'replace', path: '/gender', value: 'female' }], { 'nhsd-session-urid': roleId });
    expect((await as(HOSPITAL_ROLE)).status).toBe(403);
    expect((await as(COMMUNITY_ROLE)).status).toBe(409);
    const decided = await Supplier.ofUser(platform, TWO_ROLES, { roleId: HOSPITAL_ROLE });
    expect((await decided.call(`/Patient/${patient.id}`)).status).toBe(200);
  });
});

describe('access records', () => {
  const events = async (officer: Supplier, requestId: string) =>
    (await officer.call(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}&entity=${encodeURIComponent(`https://fhir.nhs.uk/Id/transaction|${requestId}`)}`)).body;

  it('tell an officer within 5 s who did what by which request, also what was refused; nobody else may ask', async () => {
    const officer = await Supplier.ofUser(platform, OFFICER);
    const [read, refused] = [randomUUID(), randomUUID()];
    await suppliers.consultant.call(`/Patient/${patient.id}`, { headers: { 'x-request-id': read } });
    await suppliers.application.patch(patient.id, 1, [], { 'x-request-id': refused });
    await eventually(async () => {
      const of = async (requestId: string) => (await events(officer, requestId)) as unknown as { total: number; entry: { resource: { outcome: string } }[] };
      expect(await of(read)).toMatchObject({ total: 1, entry: [{ resource: { outcome: '0' } }] });
      expect(await of(refused)).toMatchObject({ total: 1, entry: [{ resource: { outcome: '4' } }] });
    });
    expect((await suppliers.consultant.call(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}`)).status).toBe(403);
    expect((await suppliers.application.call(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}`)).status).toBe(403);
  });

  it('need AAL3: an officer at AAL2 is told how to step up', async () => {
    const officer = await Supplier.ofUser(platform, OFFICER, { aal: 2 });
    const refused = await officer.call(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}`);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="insufficient_user_authentication", acr_values="AAL3_ANY"');
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('are append-only: %s is 405', async (method) => {
    const officer = await Supplier.ofUser(platform, OFFICER);
    expect(await officer.call(`/audit/FHIR/R4/AuditEvent/${randomUUID()}`, { method })).toMatchObject({ status: 405 });
  });
});

describe('npm run token', () => {
  it('prints a token that works', async () => {
    const env = { ...process.env, CARESPINE_HOME: platform.home, CARESPINE_PORT: new URL(platform.url).port };
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'deploy/local/token.mjs'), '--user', 'Okafor'], { env });
    expect((await new Supplier(platform, stdout.trim()).call(`/Patient/${patient.id}`)).status).toBe(200);
  });
});
