import type { Patient } from '@carespine/fhir';
import { aDatabase } from '@carespine/test-kit';
import { NAME_COLUMNS, nameRowsOf, PATIENT_COLUMNS, rowOf } from '../patients/patient-row';
import { batchOf } from './batch';
import { loadExamples } from './demo';
import { generate, nhsNumberOf, SLOTS } from './generate';
import { generatedBatches, type Span } from './generated-batches';
import { copyBatch, loadPopulation, type Load } from './load';
import { aRegister } from './register.fixture';

const TODAY = '2026-11-24';

describe('loading a population', () => {
  let register: Awaited<ReturnType<typeof aRegister>>;
  beforeEach(async () => {
    register = await aRegister(await aDatabase('population'));
  });
  afterEach(() => register.close());

  const load = (rest: Partial<Load>) =>
    loadPopulation(register.pool, { seed: 7, patients: 2500, today: TODAY, batches: generatedBatches, publish: register.publish, ...rest });

  it('copies every person and name as the row mapping has them', async () => {
    await load({});
    const { rows } = await register.pool.query<Record<string, unknown>>(
      `SELECT ${PATIENT_COLUMNS.map((column) => (column.endsWith('_date') ? `${column}::text` : column)).join()} FROM patients ORDER BY nhs_number`,
    );
    const people = Array.from({ length: 2500 }, (_, index) => generate(7, index));
    expect(rows).toEqual(people.map((patient) => rowOf(patient, TODAY)));
    const names = await register.pool.query<Record<string, unknown>>(
      `SELECT ${NAME_COLUMNS.map((column) => (column.endsWith('_date') ? `${column}::text` : column)).join()} FROM patient_names ORDER BY ctid`,
    );
    expect(names.rows).toEqual(people.flatMap((patient) => nameRowsOf(patient, TODAY)));
  });

  it('goes on where it stopped, and does nothing when all are there', async () => {
    expect(await load({ patients: 1500 })).toBe(1500);
    expect(await load({ patients: 2500 })).toBe(1000);
    expect(await load({ patients: 2000 })).toBe(0);
    expect(await register.count('patients')).toBe(2500);
  });

  it('keeps whole batches of a load that is interrupted', async () => {
    function* failing(span: Span) {
      let batches = 0;
      for (const batch of generatedBatches({ ...span, to: 6000 })) {
        if (++batches > 1) throw new Error('the power went');
        yield batch;
      }
    }
    await expect(load({ patients: 6000, batches: failing })).rejects.toThrow('the power went');
    const kept = await register.count('patients');
    expect(kept).toBe(2000);
    expect(await load({ patients: 6000 })).toBe(4000);
    expect(await register.count('patients')).toBe(6000);
  });

  it('refuses a population of another seed, and records that stand in its numbers', async () => {
    await load({ patients: 10 });
    await expect(load({ seed: 8 })).rejects.toThrow('seed 7');
    const client = await register.pool.connect();
    await copyBatch(client, batchOf([{ resourceType: 'Patient', id: nhsNumberOf(10) }], 1, TODAY));
    client.release();
    await expect(load({ patients: 20 })).rejects.toThrow('NHS numbers of the generated population');
  });

  it('publishes those whose state other services keep, in the same transaction', async () => {
    await load({ patients: 1000 });
    const numbers = new Set(register.published.map(({ id }) => id));
    for (const slots of [SLOTS.superseded, SLOTS.invalidated, SLOTS.restricted, SLOTS.veryRestricted, SLOTS.deceasedFormal, SLOTS.deceasedInformal]) {
      for (const slot of slots) expect(numbers.has(nhsNumberOf(slot))).toBe(true);
    }
    expect(numbers.has(nhsNumberOf(0))).toBe(false);
    await expect(load({ patients: 2000, publish: () => Promise.reject(new Error('no outbox')) })).rejects.toThrow('no outbox');
    expect(await register.count('patients')).toBe(1000);
  });

  it('copies text as it is, whatever is in it', async () => {
    const family = 'a\\b\tc\nd"{,}';
    const patient: Patient = {
      resourceType: 'Patient',
      id: '9990000018',
      name: [{ use: 'usual', family, given: [family, ''] }],
      birthDate: '1980-01-01',
      telecom: [{ system: 'phone', value: family }],
    };
    const client = await register.pool.connect();
    await copyBatch(client, batchOf([patient], 1, TODAY));
    client.release();
    const row = (await register.row('9990000018'))!;
    expect(JSON.parse(row['record'] as string)).toEqual(patient);
    expect(row['phones']).toEqual([family]);
    const { rows } = await register.pool.query<{ given: string[] }>('SELECT given FROM patient_names');
    expect(rows[0]!.given).toEqual(['a\\b c d"{,}', '']);
  });

  it('loads the people of the examples once, under valid numbers, with their related people', async () => {
    expect(await loadExamples(register.pool, TODAY, register.publish)).toBe(4);
    expect(await loadExamples(register.pool, TODAY, register.publish)).toBe(0);
    const { rows } = await register.pool.query<{ nhs_number: string }>('SELECT nhs_number FROM patients ORDER BY 1');
    expect(rows.map(({ nhs_number }) => nhs_number)).toEqual(['9000000009', '9000000017', '9000000025', '9000000033']);
    const related = await register.pool.query('SELECT nhs_number, id, referenced_nhs_number FROM related_persons ORDER BY id');
    expect(related.rows).toEqual([
      { nhs_number: '9000000009', id: '507B7621', referenced_nhs_number: '9000000009' },
      { nhs_number: '9000000009', id: 'B3380E98', referenced_nhs_number: '9000000009' },
      { nhs_number: '9000000017', id: 'F4CF8B96', referenced_nhs_number: null },
    ]);
    expect(register.published.map(({ id }) => id).sort()).toEqual(['9000000009', '9000000017', '9000000025']);
  });
});
