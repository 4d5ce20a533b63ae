import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  create,
  Interaction,
  Outcome,
  PatientConfidentialityChangedSchema,
  PatientDiedSchema,
  PatientSupersededSchema,
  timestampFromDate,
  toBinary,
} from '@carespine/contracts';
import { newEvent, Outbox, type Event } from '@carespine/events';
import { nhsNumberFrom } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { eventually, examplesOfTopic, startService, type RunningService } from '@carespine/test-kit';
import { DEFAULT_POLICY } from '../organisation-policy/policy';
import { audit } from '../service';
import { Desk, OFFICER, record, THE_GUARDIAN } from './fixtures/desk';

const [OWN, COLLEAGUE, RESTRICTED, DECEASED] = ['9000000017', '9000000025', '9000000033', '9000000041'];
const [MERGED, RETAINED, SURVIVING, ORDINARY] = ['9000000084', '9000000092', '9000000106', '9000000114'];
const agent = (userId: string, other: object = {}): { agent: { userId: string } } => ({ agent: { userId, ...other } });
const someUser = (): string => `5559${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`;
const HOUR_MS = 3_600_000;

describe('audit specification, "Alerts": each rule through real records', () => {
  const folder = mkdtempSync(join(tmpdir(), 'staff-'));
  let service: RunningService;
  let desk: Desk;
  beforeAll(async () => {
    const role = { id: '555000001111', organisation: 'RZZ01', roleCode: 'S8000:G8000:R8001', roleName: '"Clinical":"Clinical Provision":"Nurse Access Role"' };
    const people = [
      { id: '555000000511', givenName: 'Own', familyName: 'Record', nhsNumber: OWN, roles: [role] },
      { id: '555000000512', givenName: 'Col', familyName: 'League', nhsNumber: COLLEAGUE, roles: [{ ...role, id: '555000001112' }] },
      { id: '555000000513', givenName: 'For', familyName: 'Mer', roles: [{ ...role, id: '555000001113', ended: '2026-01-31' }] },
    ];
    people.push({ id: '555000000515', givenName: 'Mer', familyName: 'Ged', nhsNumber: MERGED, roles: [{ ...role, id: '555000001115' }] });
    const file = join(folder, 'people.json');
    writeFileSync(file, JSON.stringify({ people }));
    service = await startService(audit, { STAFF: file });
    desk = new Desk(service);
    const fact = (type: string, payload: Uint8Array) => newEvent({ topic: 'demographics.patient.v1', type, key: 'key', payload });
    await service.app.get(Outbox).append([
      fact(PatientConfidentialityChangedSchema.typeName, toBinary(PatientConfidentialityChangedSchema, create(PatientConfidentialityChangedSchema, { nhsNumber: RESTRICTED, confidentiality: 'R' }))),
      fact(PatientDiedSchema.typeName, toBinary(PatientDiedSchema, create(PatientDiedSchema, { nhsNumber: DECEASED, deceased: timestampFromDate(new Date('2025-11-01')) }))),
      fact(PatientSupersededSchema.typeName, toBinary(PatientSupersededSchema, create(PatientSupersededSchema, { nhsNumber: MERGED, supersededBy: RETAINED }))),
      fact(PatientSupersededSchema.typeName, toBinary(PatientSupersededSchema, create(PatientSupersededSchema, { nhsNumber: RETAINED, supersededBy: SURVIVING }))),
    ]);
    // no ordinary one for a while
    await service.app.get(Outbox).append([
      fact(PatientConfidentialityChangedSchema.typeName, toBinary(PatientConfidentialityChangedSchema, create(PatientConfidentialityChangedSchema, { nhsNumber: ORDINARY, confidentiality: 'R' }))),
      fact(PatientSupersededSchema.typeName, toBinary(PatientSupersededSchema, create(PatientSupersededSchema, { nhsNumber: ORDINARY, supersededBy: RETAINED }))),
      fact(PatientConfidentialityChangedSchema.typeName, toBinary(PatientConfidentialityChangedSchema, create(PatientConfidentialityChangedSchema, { nhsNumber: ORDINARY, confidentiality: 'U' }))),
      fact(PatientDiedSchema.typeName, toBinary(PatientDiedSchema, create(PatientDiedSchema, { nhsNumber: ORDINARY }))),
      fact(PatientSupersededSchema.typeName, toBinary(PatientSupersededSchema, create(PatientSupersededSchema, { nhsNumber: ORDINARY }))),
    ]);
    await eventually(async () => {
      const { rows } = await service.app.get(Database).query({ text: 'SELECT FROM patient_facts WHERE nhs_number <> $1 OR (superseded_by IS NULL AND NOT restricted)', values: [ORDINARY] });
      expect(rows).toHaveLength(5);
    });
    // usual networks are learnt over a fortnight
    await record(service, { clientAddress: '203.0.113.7', recorded: new Date(Date.now() - 20 * 24 * HOUR_MS), ...agent('555000000500', { clientId: 'known-client' }) });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  /** Whatever was recorded before is judged. */
  async function caughtUp(): Promise<void> {
    const userId = someUser();
    await record(service, { sameHousehold: true, ...agent(userId) });
    await desk.alertOf('same-household', userId);
  }

  async function happened(event: Event): Promise<void> {
    await service.app.get(Outbox).append([event]);
    const { pool } = service.app.get(Database);
    await eventually(async () => expect((await pool.query('SELECT FROM inbox WHERE event_id = $1', [event.id])).rowCount).toBe(1));
  }

  it.each([
    ['national-type-1', 'by the codes that it carries', { alertType: 1, alertReason: 2 }, 'Statute'],
    ['national-type-1', 'a relationship self-claimed', { relationship: 'self-claimed' }, 'Other (with permission)'],
    ['national-type-1', 'self-claimed in an emergency', { relationship: 'self-claimed', purpose: 'ETREAT' }, 'Self-claimed emergency'],
    ['national-type-2', 'by the codes that it carries', { alertType: 2, alertReason: 3 }, 'Court order'],
    ['national-type-2', 'emergency', { purpose: 'BTG', note: 'Unconscious' }, 'Emergency'],
    ['national-type-2', 'emergency answer', { permissionToView: 'emergency' }, 'Emergency'],
    ['national-type-2', 'legal answer', { permissionToView: 'legal', alertReason: 1 }, 'Public interest'],
    ['own-record', 'the user is the patient', { nhsNumber: OWN, ...agent('555000000511') }, undefined],
    ['own-record', 'her number was merged, over two merges, into the patient’s', { nhsNumber: SURVIVING, ...agent('555000000515') }, undefined],
    ['same-household', 'surname and address are the user’s', { sameHousehold: true }, undefined],
    ['staff-record', 'the patient works there too', { nhsNumber: COLLEAGUE }, 'The patient works in the same organisation'],
    ['restricted-patient', 'the patient is restricted', { nhsNumber: RESTRICTED }, undefined],
    ['deceased-patient', 'the patient has died', { nhsNumber: DECEASED }, undefined],
    ['ended-role', 'the role had ended', agent('555000000513', { roleProfileId: '555000001113' }), undefined],
    ['export-or-print', 'printed', { interaction: Interaction.PRINT }, 'Printed'],
    ['export-or-print', 'exported', { interaction: Interaction.EXPORT }, 'Exported'],
    ['new-network', 'another network than those that were learnt', { clientAddress: '198.51.100.7', ...agent('555000000514', { clientId: 'known-client' }) }, undefined],
  ])('%s: %s, within 5 s, with the act as its evidence', async (rule, _, facts, reason) => {
    const userId = (facts as { agent?: { userId: string } }).agent?.userId ?? someUser();
    const recorded = new Date();
    const requestId = randomUUID();
    await record(service, { recorded, requestId, ...facts, agent: { ...(facts as { agent?: object }).agent, userId } });
    const alert = await desk.alertOf(rule, userId);
    expect(alert).toMatchObject({ rule, status: 'new', escalated: false, version: 1, occurredAt: recorded.toISOString(), organisation: { odsCode: 'RZZ01' } });
    expect(alert.reference).toMatch(/^A-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    if (reason) expect(alert.reason).toBe(reason);
    expect(alert.evidence).toHaveLength(1);
    expect(alert.evidence[0]).toMatchObject({ recorded: recorded.toISOString(), service: 'demographics', outcome: '0' });
    expect(Date.parse(alert.raisedAt) - recorded.getTime()).toBeLessThan(5000);
  });

  it('raises none for a patient of whom all that was said has been taken back', async () => {
    const userId = someUser();
    await record(service, { nhsNumber: ORDINARY, ...agent(userId) });
    await record(service, { nhsNumber: ORDINARY, ...agent('555000000515') });
    await caughtUp();
    for (const rule of ['restricted-patient', 'deceased-patient']) await desk.alertsOf(rule, userId, 0);
    expect((await desk.alertsOf('own-record', '555000000515', 1))[0]?.patient).toMatchObject({ nhsNumber: SURVIVING });
  });

  it('restricted-patient: also when an older event of the patient comes late, or again', async () => {
    const late = newEvent({
      topic: 'demographics.patient.v1',
      type: PatientConfidentialityChangedSchema.typeName,
      key: 'key',
      payload: toBinary(PatientConfidentialityChangedSchema, create(PatientConfidentialityChangedSchema, { nhsNumber: RESTRICTED, confidentiality: 'U' })),
      occurredAt: new Date('2026-01-01'),
    });
    await happened(late);
    const userId = someUser();
    await record(service, { nhsNumber: RESTRICTED, ...agent(userId) });
    await desk.alertOf('restricted-patient', userId);
  });

  it.each(examplesOfTopic('demographics.patient.v1').map(({ type, payload, variant = 'plain' }) => [type.split('.').at(-1), variant, type, payload] as const))(
    'what demographics tells can be taken: %s, %s',
    async (_name, _variant, type, payload) => happened(newEvent({ topic: 'demographics.patient.v1', type, key: 'key', payload })),
  );

  it('raises one alert a view in a community pharmacy', async () => {
    const pharmacy = agent('555000000521', { odsCode: 'FA123', organisationName: 'A Pharmacy' });
    const view = { service: 'summary-care-record', resourceType: 'Bundle' };
    await record(service, { ...view, ...pharmacy }, { ...view, ...pharmacy }, pharmacy);
    const officer = new Desk(service, { ...OFFICER, organisation: { odsCode: 'FA123', name: 'A Pharmacy' } });
    await officer.alertsOf('national-type-1', '555000000521', 2);
  });

  it('joins what happens again on the same day to the open alert, and starts another when that is closed', async () => {
    const userId = '555000000531';
    const again = (): Promise<void> => record(service, { sameHousehold: true, ...agent(userId) });
    await again();
    const { reference } = await desk.alertOf('same-household', userId);
    await again();
    await record(service, { sameHousehold: true, nhsNumber: OWN, ...agent(userId) });
    await desk.alertsOf('same-household', userId, 2); // another patient is another cause
    expect((await eventually(async () => {
      const alert = await desk.read(reference);
      expect(alert.evidence).toHaveLength(2);
      return alert;
    })).version).toBe(1);
    await desk.step(reference, { version: 1, step: 'investigate' });
    await desk.step(reference, { version: 2, step: 'close', outcome: 'appropriate', note: 'Asked for by the patient' });
    await again();
    await desk.alertsOf('same-household', userId, 3);
  });

  it.each([
    ['many-patients', 'R8001', 40, (i: number) => ({ nhsNumber: nhsNumberFrom(String(999_000_000 + i)) ?? nhsNumberFrom(String(998_000_000 + i)) ?? '9000000009' })],
    ['search-trawling', 'R8001', 30, () => ({ interaction: Interaction.SEARCH_TYPE, nhsNumber: '' })],
    ['refusal-burst', 'R8001', 10, () => ({ outcome: Outcome.MINOR_FAILURE, outcomeDescription: 'HTTP 403' })],
  ] as const)('%s: for %s at %i, not below', async (rule, jobRole, needed, act) => {
    const userId = `5558000000${rule.length}`;
    const who = agent(userId, { jobRole });
    await record(service, ...Array.from({ length: needed - 1 }, (_, i) => ({ ...act(i), ...who })));
    await caughtUp();
    await desk.alertsOf(rule, userId, 0);
    await record(service, { ...act(needed), ...who });
    const alert = await desk.alertOf(rule, userId);
    expect(alert.patient).toBeUndefined();
    expect(alert.evidence.length).toBeGreaterThanOrEqual(needed);
    await record(service, { ...act(needed + 1), ...who });
    await eventually(async () => expect((await desk.read(alert.reference)).evidence).toHaveLength(needed + 1));
    await desk.alertsOf(rule, userId, 1);
    // closed, it does not come back for what it was raised on
    await desk.step(alert.reference, { version: 1, step: 'investigate' });
    expect((await desk.step(alert.reference, { version: 2, step: 'close', outcome: 'appropriate', note: 'A clinic' })).status).toBe(200);
    await record(service, { ...act(needed + 2), ...who });
    await caughtUp();
    await desk.alertsOf(rule, userId, 1);
  });

  it('repeated-emergency: the third patient within a day', async () => {
    const userId = '555000000541';
    const emergency = (nhsNumber: string): Promise<void> => record(service, { purpose: 'ETREAT', nhsNumber, ...agent(userId) });
    await emergency('9000000009');
    await emergency('9000000009');
    await emergency(OWN);
    await desk.alertsOf('national-type-2', userId, 2);
    await caughtUp();
    await desk.alertsOf('repeated-emergency', userId, 0);
    await emergency(COLLEAGUE);
    expect((await desk.alertOf('repeated-emergency', userId)).evidence).toHaveLength(4);
  });

  it('safeguarding-without-contact: when the delay is over and nobody did anything else', async () => {
    const yesterday = (minutes: number): Date => new Date(Date.now() - 25 * HOUR_MS + minutes * 60_000);
    const read = { service: 'safeguarding', interactionName: 'Read child protection information', recorded: yesterday(0) };
    await record(service, { recorded: yesterday(5), nhsNumber: '9000000050' }); // a contact of the second
    await record(service, { ...read, nhsNumber: '9000000050', ...agent('555000000551') }, { ...read, nhsNumber: '9000000068', ...agent('555000000552') }, { ...read, recorded: new Date(), nhsNumber: '9000000068', ...agent('555000000553') });
    await desk.alertOf('safeguarding-without-contact', '555000000552');
    await desk.alertsOf('safeguarding-without-contact', '555000000551', 0);
    await desk.alertsOf('safeguarding-without-contact', '555000000553', 0);
  });

  it('safeguarding-without-contact: a further look in another system is no contact, and the rule can be switched off while it waits', async () => {
    const read = (userId: string, odsCode: string) => ({ service: 'P.SUPPLIER', interactionName: 'CP-IS', resourceType: 'Flag', recorded: new Date(Date.now() - 25 * HOUR_MS), nhsNumber: '9000000106', ...agent(userId, { odsCode }) });
    const officer = new Desk(service, { ...OFFICER, organisation: { odsCode: 'RZZ08', name: 'A Trust' } });
    await officer.call('PUT', '/policy', { ...DEFAULT_POLICY, version: 0, thresholds: { 'safeguarding-without-contact': { enabled: 0 } } });
    await record(service, read('555000000554', 'RZZ08'), read('555000000555', 'RZZ01'), { ...read('555000000555', 'RZZ01'), recorded: new Date(Date.now() - 24 * HOUR_MS - 60_000) });
    await desk.alertOf('safeguarding-without-contact', '555000000555');
    await officer.alertsOf('safeguarding-without-contact', '555000000554', 0);
  });

  it('many-patients: a burst that is told late counts, on its own day', async () => {
    const userId = '555000000581';
    const seen = (i: number, recorded: Date) => ({ nhsNumber: nhsNumberFrom(String(999_000_000 + i)) ?? nhsNumberFrom(String(998_000_000 + i)) ?? '9000000009', recorded, ...agent(userId) });
    await record(service, seen(0, new Date()));
    await caughtUp();
    const then = Date.now() - 30 * HOUR_MS;
    for (let i = 0; i < 40; i += 8) {
      await record(service, ...Array.from({ length: 8 }, (_, k) => seen(i + k, new Date(then + (i + k) * 1000))));
      await caughtUp();
    }
    expect(await desk.alertOf('many-patients', userId)).toMatchObject({ occurredAt: new Date(then + 39_000).toISOString() });
    await record(service, seen(50, new Date()));
    await caughtUp();
    await desk.alertsOf('many-patients', userId, 1);
  });

  it('outside-hours: by the hours that the organisation states', async () => {
    const organisation = { odsCode: 'RZZ07', name: 'A Clinic' };
    const officer = new Desk(service, { ...OFFICER, organisation });
    await officer.call('PUT', '/policy', { ...DEFAULT_POLICY, version: 0, openingHours: { ...DEFAULT_POLICY.openingHours, tue: ['09:00', '17:00'], wed: ['09:00', '17:00'] } });
    const at = (time: string, userId: string): Promise<void> => record(service, { recorded: new Date(`2026-11-24T${time}Z`), ...agent(userId, { odsCode: 'RZZ07' }) });
    await at('17:29:59', '555000000561');
    await at('17:30:00', '555000000562');
    await officer.alertOf('outside-hours', '555000000562'); // judged after the other
    await officer.alertsOf('outside-hours', '555000000561', 0);
  });

  it('leaves out the audit service’s own reads, but not what an officer takes out: that goes to the guardian', async () => {
    const officer = agent('555000000571', { jobRole: 'R0001' });
    await record(service, { service: 'audit', nhsNumber: RESTRICTED, ...officer }, { service: 'audit', interaction: Interaction.EXPORT, ...officer });
    await new Desk(service, THE_GUARDIAN).alertOf('export-or-print', '555000000571');
    await caughtUp();
    await new Desk(service, THE_GUARDIAN).alertsOf('restricted-patient', '555000000571', 0);
    await desk.alertsOf('export-or-print', '555000000571', 0);
  });
});
