import { randomUUID } from 'node:crypto';
import { msOfInstant } from '../validation/shape';
import type { DocumentReference } from './document-reference';

/** A row of `pointers`. */
export interface Pointer {
  id: string;
  nhs_number: string;
  /** Code of the pointer type. */
  type: string;
  custodian: string;
  /** The DocumentReference as FHIR JSON. */
  record: string;
}

export interface PointerRow extends Pointer {
  /** ISO 8601, milliseconds, UTC. */
  date: string;
}

export const newPointerId = (odsCode: string): string => `${odsCode}-${randomUUID()}`;

/** The ODS code with which an id begins. */
export const custodianOf = (id: string): string => id.split('-', 1)[0] ?? '';

/**
 * What is stored of a checked pointer.
 *
 * @param now ISO 8601: becomes `meta.lastUpdated`
 * @param date when the pointer was made; else now
 */
export function rowOf(pointer: DocumentReference, id: string, now: string, date = now): PointerRow {
  const { resourceType, id: _id, meta, ...rest } = pointer;
  const record: DocumentReference = { resourceType, id, meta: { ...meta, lastUpdated: now }, ...rest, date };
  return {
    id,
    nhs_number: pointer.subject.identifier.value ?? '',
    type: pointer.type.coding?.[0]?.code ?? '',
    custodian: pointer.custodian.identifier.value ?? '',
    date: new Date(msOfInstant(date)).toISOString(),
    record: JSON.stringify(record),
  };
}
