import {
  create,
  PatientConfidentialityChangedSchema,
  PatientDiedSchema,
  PatientInvalidatedSchema,
  PatientSupersededSchema,
  toBinary,
} from '@carespine/contracts';
import { newEvent, Outbox, type ReceivedEvent } from '@carespine/events';
import { Database } from '@carespine/service-kit';
import { anApplication, aUser, eventually, examplesOfTopic } from '@carespine/test-kit';
import { Client } from 'pg';
import { aPointer } from '../pointers/fixtures/a-pointer';
import { faultsIn, idsIn, Locator, subject, type Sent } from '../pointers/fixtures/locator';
import { PatientFacts } from './patient-facts';

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
async function happens(type: string, payload: Uint8Array, occurredAt = new Date()): Promise<void> {
  const event = newEvent({ topic: 'demographics.patient.v1', type, key: 'x'.repeat(32), payload, occurredAt });
  await locator.service.app.get(Outbox).append([event]);
  await eventually(async () => expect((await db.query('SELECT 1 FROM inbox WHERE event_id = $1', [event.id])).rowCount).toBe(1));
}
const supersedes = (nhsNumber: string, supersededBy?: string) =>
  toBinary(PatientSupersededSchema, create(PatientSupersededSchema, { nhsNumber, supersededBy }));
const superseded = (nhsNumber: string, supersededBy?: string, occurredAt?: Date) =>
  happens(PatientSupersededSchema.typeName, supersedes(nhsNumber, supersededBy), occurredAt);
const labelled = (nhsNumber: string, confidentiality: string, occurredAt?: Date) =>
  happens(
    PatientConfidentialityChangedSchema.typeName,
    toBinary(PatientConfidentialityChangedSchema, create(PatientConfidentialityChangedSchema, { nhsNumber, confidentiality })),
    occurredAt,
  );
const LONG_AGO = new Date('2026-01-01T00:00:00Z');
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

  it('stay merged when an event that was put aside says late that they were not', async () => {
    await superseded(B, undefined, LONG_AGO);
    expect(await found(B)).toHaveLength(4);
  });

  it('are one also when two of their merges are applied at once, from partitions of their own', async () => {
    const [X, Y, Z] = ['9990000093', '9990000107', '9990000115'];
    const merge = (nhsNumber: string, supersededBy: string): ReceivedEvent => ({
      ...newEvent({
        topic: 'demographics.patient.v1',
        type: PatientSupersededSchema.typeName,
        key: 'k',
        payload: supersedes(nhsNumber, supersededBy),
      }),
      ...{ partition: 0, position: 1n, appendedAt: new Date() },
    });
    const { pool } = locator.service.app.get(Database);
    const [one, other] = [await pool.connect(), await pool.connect()];
    const facts = new PatientFacts();
    try {
      await one.query('BEGIN');
      await other.query('BEGIN');
      await facts.keep(merge(X, Y), one);
      const second = facts.keep(merge(Y, Z), other).then(() => other.query('COMMIT'));
      await eventually(async () => expect((await db.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount).not.toBe(0)).catch(() => undefined);
      await one.query('COMMIT');
      await second;
    } finally {
      one.release();
      other.release();
    }
    expect((await db.query('SELECT nhs_number, retained FROM patient_facts WHERE nhs_number = ANY($1) ORDER BY 1', [[X, Y]])).rows).toEqual([
      { nhs_number: X, retained: Z },
      { nhs_number: Y, retained: Z },
    ]);
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

  it('stay restricted when an older event comes again', async () => {
    await labelled(RESTRICTED, 'U', LONG_AGO);
    expect(await found(RESTRICTED, { ods: 'RZZ04' })).toEqual([]);
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

describe('Events of the demographics service', () => {
  it.each(examplesOfTopic('demographics.patient.v1').map(({ type, payload, variant = 'plain' }) => [type.split('.').at(-1), variant, type, payload] as const))(
    '%s, %s: can be taken',
    async (_name, _variant, type, payload) => happens(type, payload),
  );
});
