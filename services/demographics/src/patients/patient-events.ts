import { isDeepStrictEqual } from 'node:util';
import {
  create,
  PatientConfidentialityChangedSchema,
  PatientDiedSchema,
  PatientInvalidatedSchema,
  PatientSupersededSchema,
  PatientUpdatedSchema,
  timestampFromDate,
  toBinary,
} from '@carespine/contracts';
import { newEvent, type Event, type PatientKey } from '@carespine/events';
import { EXTENSION_URLS, type Patient } from '@carespine/fhir';
import { isInvalidated, supersededBy } from './patient-row';
import { confidentialityOf } from './serving';

const TOPIC = 'demographics.patient.v1';

/** What an update made true of a patient, as facts for other services. */
export function eventsOfUpdate(before: Patient, after: Patient, key: PatientKey, traceparent: string): Event[] {
  const elements = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Patient>;
  elements.delete('meta');
  const changedElements = [...elements].filter((element) => !isDeepStrictEqual(before[element], after[element]));
  const updated = create(PatientUpdatedSchema, { nhsNumber: after.id, version: Number(after.meta?.versionId), changedElements });
  const facts: Fact[] = [{ type: PatientUpdatedSchema.typeName, payload: toBinary(PatientUpdatedSchema, updated) }];
  const death = deathOf(after);
  if (!isDeepStrictEqual(deathOf(before), death)) facts.push(deathFact(after.id, death));
  return facts.map((fact) => newEvent({ ...fact, topic: TOPIC, key: key.of(after.id), traceparent }));
}

/**
 * What other services must know of a patient who was loaded and is, or was until now, no ordinary one.
 *
 * @param isOverAnother an earlier version was here: what it made known and is no longer so is taken back
 */
export function eventsOfLoad(patient: Patient, isOverAnother: boolean, key: PatientKey): Event[] {
  const nhsNumber = patient.id;
  const facts: Fact[] = [];
  const successor = supersededBy(patient);
  if (successor || isOverAnother) {
    const fact = create(PatientSupersededSchema, { nhsNumber, supersededBy: successor });
    facts.push({ type: PatientSupersededSchema.typeName, payload: toBinary(PatientSupersededSchema, fact) });
  }
  if (!successor && isInvalidated(patient)) {
    facts.push({ type: PatientInvalidatedSchema.typeName, payload: toBinary(PatientInvalidatedSchema, create(PatientInvalidatedSchema, { nhsNumber })) });
  }
  const confidentiality = confidentialityOf(patient);
  if ((confidentiality !== 'U' || isOverAnother) && !isInvalidated(patient)) {
    const fact = create(PatientConfidentialityChangedSchema, { nhsNumber, confidentiality });
    facts.push({ type: PatientConfidentialityChangedSchema.typeName, payload: toBinary(PatientConfidentialityChangedSchema, fact) });
  }
  const death = deathOf(patient);
  if (death || isOverAnother) facts.push(deathFact(nhsNumber, death));
  return facts.map((fact) => newEvent({ ...fact, topic: TOPIC, key: key.of(nhsNumber) }));
}

interface Fact {
  type: string;
  payload: Uint8Array;
}

interface Death {
  deceased: Date;
  formal: boolean;
}

function deathOf(patient: Patient): Death | undefined {
  const deceased = new Date(patient.deceasedDateTime ?? Number.NaN);
  if (Number.isNaN(deceased.getTime())) return undefined;
  const notification = patient.extension?.find((extension) => extension.url === EXTENSION_URLS.deathNotification);
  const status = notification?.extension?.find((part) => part.url === 'deathNotificationStatus')?.valueCodeableConcept?.coding?.[0]?.code;
  return { deceased, formal: status === '2' };
}

function deathFact(nhsNumber: string, death: Death | undefined): Fact {
  const fact = create(PatientDiedSchema, { nhsNumber, ...(death && { deceased: timestampFromDate(death.deceased), formal: death.formal }) });
  return { type: PatientDiedSchema.typeName, payload: toBinary(PatientDiedSchema, fact) };
}
