import {
  create,
  PatientConfidentialityChangedSchema,
  PatientDiedSchema,
  PatientInvalidatedSchema,
  PatientSupersededSchema,
  toBinary,
} from '@carespine/contracts';
import { newEvent, Outbox } from '@carespine/events';
import { anApplication, aUser, eventually } from '@carespine/test-kit';
import { Client } from 'pg';
import { aPointer } from '../pointers/fixtures/a-pointer';
import { faultsIn, idsIn, Locator, subject, type Sent } from '../pointers/fixtures/locator';

const [A, B, C, RESTRICTED, HIDDEN] = ['9990000018', '9990000026', '9990000034', '9990000042', '9990000050'] as const;
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

/** An event of demographics arrives by the log, as from another service; here through this one's own outbox. */
async function happens(type: string, payload: Uint8Array): Promise<void> {
  const event = newEvent({ topic: 'demographics.patient.v1', type, key: 'x'.repeat(32), payload });
  await locator.service.app.get(Outbox).append([event]);
  await eventually(async () => expect((await db.query('SELECT 1 FROM inbox WHERE event_id = $1', [event.id])).rowCount).toBe(1));
}
const superseded = (nhsNumber: string, supersededBy?: string) =>
  happens(
    PatientSupersededSchema.typeName,
    toBinary(PatientSupersededSchema, create(PatientSupersededSchema, { nhsNumber, supersededBy })),
  );
const labelled = (nhsNumber: string, confidentiality: string) =>
  happens(
    PatientConfidentialityChangedSchema.typeName,
    toBinary(PatientConfidentialityChangedSchema, create(PatientConfidentialityChangedSchema, { nhsNumber, confidentiality })),
  );
const found = async (nhsNumber: string, sent: Sent = {}) =>
  idsIn(await locator.consume(`?${subject(nhsNumber)}`, { ods: 'RZZ02', ...sent })).sort();

describe('Merged patients', () => {
  it('are found under either number, through several merges, in whatever order they are told', async () => {
    const ids = [
      await locator.create({ nhsNumber: A }),
      await locator.create({ nhsNumber: B }),
      await locator.create({ nhsNumber: C }),
    ].sort();
    expect(await found(A)).toHaveLength(1);
    await superseded(B, C);
    expect(await found(C)).toHaveLength(2);
    await superseded(A, B);
    for (const number of [A, B, C]) expect(await found(number)).toEqual(ids);
    const { body } = await locator.consume(`?${subject(C)}&_summary=count`, { ods: 'RZZ02' });
    expect(body.total).toBe(3);
  });

  it('keep the subject that the producer gave', async () => {
    const { body } = await locator.consume(`?${subject(C)}`, { ods: 'RZZ02' });
    expect(body.entry?.map(({ resource }) => resource.subject.identifier.value).sort()).toEqual([A, B, C]);
  });

  it('may have a pointer of the old number replaced under the retained one', async () => {
    const old = await locator.create({ nhsNumber: A });
    const answer = await locator.produce('POST', '', {
      body: aPointer({ nhsNumber: C, relatesTo: [{ code: 'replaces', target: { identifier: { value: old } } }] }),
    });
    expect(faultsIn(answer)).toEqual([['RESOURCE_SUPERSEDED']]);
  });

  it('stand alone again when demographics says so', async () => {
    await superseded(B);
    expect(await found(C)).toHaveLength(2);
    expect(await found(B)).toEqual(await found(A));
  });
});

describe('Restricted patients', () => {
  const privileged = {
    who: {
      ...anApplication({ mode: 'privileged-application-restricted' }),
      client: { id: 'supplier', name: '', productId: '', attributes: {} },
    },
  };

  it('have no pointers for whoever may not know where they are; their custodian sees its own', async () => {
    const [own, other] = [
      await locator.create({ nhsNumber: RESTRICTED }),
      await locator.create({ nhsNumber: RESTRICTED, custodian: 'RZZ02' }),
    ];
    await labelled(RESTRICTED, 'R');
    expect(await found(RESTRICTED)).toEqual([other]);
    expect(await found(RESTRICTED, { ods: 'RZZ01' })).toEqual([own]);
    expect(await found(RESTRICTED, { ods: 'RZZ04' })).toEqual([]);
    expect((await locator.consume(`?${subject(RESTRICTED)}&_summary=count`, { ods: 'RZZ02' })).body.total).toBe(1);
    expect((await locator.consume(`?${subject(RESTRICTED)}&_count=5`, { ods: 'RZZ02' })).body.total).toBe(1);
    expect(faultsIn(await locator.consume(`/${own}`, { ods: 'RZZ02' }))).toEqual([['NO_RECORD_FOUND']]);
    expect((await locator.consume(`/${other}`, { ods: 'RZZ02' })).status).toBe(200);
  });

  it('are seen by privileged applications, and by staff who may read restricted records', async () => {
    expect(await found(RESTRICTED, privileged)).toHaveLength(2);
    expect(await found(RESTRICTED, { who: aUser({ activityCodes: ['B0370', 'B1611'] }), ods: '' })).toHaveLength(2);
    expect(await found(RESTRICTED, { who: aUser({ activityCodes: ['B0370', 'B1611'], aal: 2 }), ods: '' })).toHaveLength(1);
  });

  it('stay so when a merge is undone, and are seen no more under the number that they were merged into', async () => {
    const [MERGED, OTHER] = ['9990000077', '9990000085'];
    await locator.create({ nhsNumber: MERGED });
    await superseded(MERGED, OTHER);
    await labelled(MERGED, 'R');
    expect(await found(OTHER)).toHaveLength(1);
    await superseded(MERGED);
    expect([await found(OTHER), await found(MERGED)]).toEqual([[], []]);
  });

  it('when very restricted are seen by their custodian alone', async () => {
    await locator.create({ nhsNumber: HIDDEN });
    await labelled(HIDDEN, 'V');
    expect(await found(HIDDEN, privileged)).toEqual([]);
    expect(await found(HIDDEN, { ods: 'RZZ01' })).toHaveLength(1);
  });
});

describe('Patients who died, and numbers that describe nobody', () => {
  it('keep their pointers: it is for producers to delete them', async () => {
    const nhsNumber = '9990000069';
    await locator.create({ nhsNumber });
    await happens(
      PatientDiedSchema.typeName,
      toBinary(PatientDiedSchema, create(PatientDiedSchema, { nhsNumber, deceased: { seconds: 1700000000n } })),
    );
    await happens(PatientInvalidatedSchema.typeName, toBinary(PatientInvalidatedSchema, create(PatientInvalidatedSchema, { nhsNumber })));
    expect(await found(nhsNumber)).toHaveLength(1);
    const deceased = async () => (await db.query('SELECT deceased FROM patient_facts WHERE nhs_number = $1', [nhsNumber])).rows;
    expect(await deceased()).toEqual([{ deceased: new Date(1700000000000) }]);
    await happens(PatientDiedSchema.typeName, toBinary(PatientDiedSchema, create(PatientDiedSchema, { nhsNumber })));
    expect(await deceased()).toEqual([{ deceased: null }]);
  });
});
