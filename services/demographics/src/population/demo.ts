import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNhsNumber, nhsNumberFrom, type Bundle, type Patient, type RelatedPerson } from '@carespine/fhir';
import type { Pool } from 'pg';
import { batchOf } from './batch';
import { copyBatch, type Publish } from './load';

/** How many generated people keep the examples company. */
export const DEMO_POPULATION = 3000;

/** Beside the sources and beside the compiled code alike. */
const FOLDER = ['../../demo', '../../../demo'].map((path) => join(__dirname, path)).find(existsSync) ?? '';

interface RelatedTo {
  nhsNumber: string;
  person: RelatedPerson;
}

/** The people of the national examples, and who is related to them. */
export function examples(): { patients: Patient[]; related: RelatedTo[] } {
  const resources = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Patient | Bundle<Patient | RelatedPerson>);
  const patients: Patient[] = [];
  const related: RelatedTo[] = [];
  for (const resource of resources) {
    if (resource.resourceType === 'Patient') patients.push(resource);
    else {
      for (const { fullUrl, resource: inner } of resource.entry ?? []) {
        if (inner.resourceType === 'Patient') patients.push(underValidNumber(inner));
        else related.push({ nhsNumber: /\/Patient\/(\d{10})\//.exec(fullUrl)![1]!, person: inner });
      }
    }
  }
  return { patients, related };
}

/** One example stands under a number whose check digit is wrong: nobody could retrieve it. */
function underValidNumber(patient: Patient): Patient {
  if (isNhsNumber(patient.id)) return patient;
  const id = nhsNumberFrom(patient.id.slice(0, 9))!;
  return { ...patient, id, identifier: patient.identifier?.map((identifier) => ({ ...identifier, value: id })) };
}

/** Loads the examples that are not there yet. @returns how many were */
export async function loadExamples(pool: Pool, today: string, publish: Publish): Promise<number> {
  const { patients, related } = examples();
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const numbers = patients.map(({ id }) => id);
    const { rows } = await client.query<{ nhs_number: string }>('SELECT nhs_number FROM patients WHERE nhs_number = ANY($1)', [numbers]);
    const missing = patients.filter(({ id }) => !rows.some(({ nhs_number }) => nhs_number === id));
    const batch = batchOf(missing, missing.length, today);
    if (batch.count > 0) await copyBatch(client, batch);
    if (batch.notable.length > 0) await publish(client, batch.notable);
    for (const { nhsNumber, person } of related) {
      await client.query(
        'INSERT INTO related_persons (nhs_number, id, resource, referenced_nhs_number) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
        [nhsNumber, person.id, JSON.stringify(person), person.patient.identifier?.value ?? null],
      );
    }
    await client.query('COMMIT');
    return batch.count;
  } finally {
    client.release(true);
  }
}
