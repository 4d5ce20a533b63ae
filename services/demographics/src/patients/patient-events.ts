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
  const died = deathOf(after);
  if (died && !isDeepStrictEqual(deathOf(before), died)) facts.push(died);
  return facts.map((fact) => newEvent({ ...fact, topic: TOPIC, key: key.of(after.id), traceparent }));
}

/** What other services must know of a patient who was loaded and is, or was until now, no ordinary one. */
export function eventsOfLoad(patient: Patient, key: PatientKey): Event[] {
  const nhsNumber = patient.id;
  const facts: Fact[] = [];
  const successor = supersededBy(patient);
  if (successor) {
    const fact = create(PatientSupersededSchema, { nhsNumber, supersededBy: successor });
    facts.push({ type: PatientSupersededSchema.typeName, payload: toBinary(PatientSupersededSchema, fact) });
  } else if (isInvalidated(patient)) {
    facts.push({ type: PatientInvalidatedSchema.typeName, payload: toBinary(PatientInvalidatedSchema, create(PatientInvalidatedSchema, { nhsNumber })) });
  }
  const confidentiality = confidentialityOf(patient);
  const died = deathOf(patient);
  const isOrdinaryAgain = facts.length === 0 && !died;
  if ((confidentiality !== 'U' || isOrdinaryAgain) && !isInvalidated(patient)) {
    const fact = create(PatientConfidentialityChangedSchema, { nhsNumber, confidentiality });
    facts.push({ type: PatientConfidentialityChangedSchema.typeName, payload: toBinary(PatientConfidentialityChangedSchema, fact) });
  }
  if (died) facts.push(died);
  return facts.map((fact) => newEvent({ ...fact, topic: TOPIC, key: key.of(nhsNumber) }));
}

interface Fact {
  type: string;
  payload: Uint8Array;
}

function deathOf(patient: Patient): Fact | undefined {
  const deceased = new Date(patient.deceasedDateTime ?? Number.NaN);
  if (Number.isNaN(deceased.getTime())) return undefined;
  const notification = patient.extension?.find((extension) => extension.url === EXTENSION_URLS.deathNotification);
  const status = notification?.extension?.find((part) => part.url === 'deathNotificationStatus')?.valueCodeableConcept?.coding?.[0]?.code;
  const fact = create(PatientDiedSchema, { nhsNumber: patient.id, deceased: timestampFromDate(deceased), formal: status === '2' });
  return { type: PatientDiedSchema.typeName, payload: toBinary(PatientDiedSchema, fact) };
}
