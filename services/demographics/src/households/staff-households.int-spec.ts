import { Client } from 'pg';
import { AccessRecordedSchema, create, fromBinary, StaffRecordLinkedSchema, toBinary } from '@carespine/contracts';
import { newEvent, Outbox } from '@carespine/events';
import type { Patient } from '@carespine/fhir';
import { aUser, contextOf, eventually, examplesOfTopic, startService, type RunningService } from '@carespine/test-kit';
import { PATIENT_COLUMNS, rowOf } from '../patients/patient-row';
import { demographics } from '../service';
import { StaffHouseholds } from './staff-households';

const NURSE = aUser({ userId: '555000000701' });
const aPatient = (id: string, family: string, label = 'U'): Patient => ({
  resourceType: 'Patient',
  id,
  meta: { versionId: '1', security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: label }] },
  name: [{ id: 'n', use: 'usual', family, given: ['A'] }],
  address: [{ id: 'a', use: 'home', line: ['1 High Street'], postalCode: 'LS1 6AE' }],
});

describe('access records of staff who are patients', () => {
  let service: RunningService;
  let db: Client;
  beforeAll(async () => {
    service = await startService(demographics);
    db = new Client({ connectionString: service.databaseUrl });
    await db.connect();
    for (const patient of [aPatient('9990000018', 'Nair'), aPatient('9990000026', 'Nair'), aPatient('9990000034', 'Nair', 'R'), aPatient('9990000042', 'Other')]) {
      const row = rowOf(patient, '2026-01-01');
      await db.query(`INSERT INTO patients (${PATIENT_COLUMNS.join()}) VALUES (${PATIENT_COLUMNS.map((_, i) => `$${i + 1}`).join()})`, PATIENT_COLUMNS.map((c) => row[c]));
    }
    await link('9990000018');
    await eventually(async () => expect(await Promise.resolve(service.app.get(StaffHouseholds).knows(NURSE))).toBe(true));
  });
  afterAll(async () => {
    await db.end();
    await service.stop();
  });

  async function happened(type: string, payload: Uint8Array, occurredAt = new Date()): Promise<void> {
    const event = newEvent({ topic: 'audit.staff.v1', type, key: 'key', payload, occurredAt });
    await service.app.get(Outbox).append([event]);
    await eventually(async () => expect((await db.query('SELECT FROM inbox WHERE event_id = $1', [event.id])).rowCount).toBe(1));
  }
  const link = (nhsNumber: string, occurredAt?: Date): Promise<void> =>
    happened(StaffRecordLinkedSchema.typeName, toBinary(StaffRecordLinkedSchema, create(StaffRecordLinkedSchema, { userId: '555000000701', nhsNumber })), occurredAt);

  async function isMarked(nhsNumber: string, who = NURSE): Promise<boolean> {
    const headers = await contextOf(who);
    const answer = await fetch(`${service.url}/personal-demographics/FHIR/R4/Patient/${nhsNumber}`, { headers });
    expect(answer.status).toBe(200);
    const log = new Client({ connectionString: service.eventLogUrl });
    await log.connect();
    try {
      return await eventually(async () => {
        const { rows } = await log.query<{ payload: Buffer }>("SELECT payload FROM event_log WHERE topic = 'audit.access.v1'");
        const found = rows.map(({ payload }) => fromBinary(AccessRecordedSchema, payload)).find(({ requestId }) => requestId === headers['x-request-id']);
        if (!found) throw new Error('not there yet');
        return found.sameHousehold;
      });
    } finally {
      await log.end();
    }
  }

  it('say when the patient shares surname and address with the user, also where the address is hidden', async () => {
    expect(await isMarked('9990000026')).toBe(true);
    expect(await isMarked('9990000034')).toBe(true);
  });

  it('do not for herself, for others, and of other users', async () => {
    expect(await isMarked('9990000018')).toBe(false);
    expect(await isMarked('9990000042')).toBe(false);
    expect(await isMarked('9990000026', aUser())).toBe(false);
  });

  it('still do when an older event comes late that says she is no patient', async () => {
    await link('', new Date('2026-01-01'));
    expect(service.app.get(StaffHouseholds).knows(NURSE)).toBe(true);
  });

  it.each(examplesOfTopic('audit.staff.v1').map(({ type, payload, variant = 'plain' }) => [variant, type, payload] as const))('can be told as the contract shows: %s', async (_, type, payload) =>
    happened(type, payload),
  );

  it('do not once the link is taken back', async () => {
    await link('');
    await eventually(async () => expect(await Promise.resolve(service.app.get(StaffHouseholds).knows(NURSE))).toBe(false));
    expect(await isMarked('9990000026')).toBe(false);
    await link('9990000018', new Date('2026-01-01'));
    expect(service.app.get(StaffHouseholds).knows(NURSE)).toBe(false);
  });
});
