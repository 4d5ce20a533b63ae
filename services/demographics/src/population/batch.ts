import type { Patient } from '@carespine/fhir';
import { nameRowsOf, rowOf, type PatientRow } from '../patients/patient-row';
import { CopyLines } from './copy-text';

/** Patients as COPY reads them. */
export interface Batch {
  count: number;
  patients: Uint8Array;
  names: Uint8Array;
  /** Those whose state other services keep: superseded, invalidated, restricted or dead. */
  notable: Patient[];
}

/** Room for one patient and for one name, so that lines seldom have to move. */
const PATIENT_BYTES = 2600;
const NAME_BYTES = 80;

/**
 * @param expected how many people there will be, about
 * @param today London calendar date
 */
export function batchOf(people: Iterable<Patient>, expected: number, today: string): Batch {
  const patients = new CopyLines(expected * PATIENT_BYTES);
  const names = new CopyLines(expected * NAME_BYTES);
  const notable: Patient[] = [];
  let count = 0;
  for (const patient of people) {
    const row = rowOf(patient, today);
    patients.addPatient(row);
    for (const name of nameRowsOf(patient, today)) names.addName(name);
    if (isNotable(row)) notable.push(patient);
    count++;
  }
  return { count, patients: patients.bytes, names: names.bytes, notable };
}

export function isNotable(row: PatientRow): boolean {
  return row.status !== 'active' || row.confidentiality !== 'U' || row.death_date !== null;
}
