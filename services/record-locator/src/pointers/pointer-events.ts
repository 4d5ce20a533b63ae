import {
  create,
  PointerCreatedSchema,
  PointerDeletedSchema,
  PointerSupersededSchema,
  PointerUpdatedSchema,
  toBinary,
} from '@carespine/contracts';
import { newEvent, type Event, type PatientKey } from '@carespine/events';
import type { Pointer } from './pointer-row';

export type Change = 'created' | 'superseded' | 'updated' | 'deleted';

/** What a change made true, for other services. @param replaced ids of the pointers that went, where it superseded */
export function eventOf(
  change: Change,
  { id, nhs_number, type, custodian }: Omit<Pointer, 'record'>,
  key: PatientKey,
  traceparent: string,
  replaced: string[] = [],
): Event {
  const pointer = { id, nhsNumber: nhs_number, type, custodian };
  const fact = FACTS[change](pointer, replaced);
  return newEvent({ topic: 'record-locator.pointer.v1', key: key.of(nhs_number), traceparent, ...fact });
}

interface Facts {
  id: string;
  nhsNumber: string;
  type: string;
  custodian: string;
}

const FACTS: Record<Change, (pointer: Facts, replaced: string[]) => Pick<Event, 'type' | 'payload'>> = {
  created: (pointer) => ({
    type: PointerCreatedSchema.typeName,
    payload: toBinary(PointerCreatedSchema, create(PointerCreatedSchema, { pointer })),
  }),
  superseded: (pointer, replaced) => ({
    type: PointerSupersededSchema.typeName,
    payload: toBinary(PointerSupersededSchema, create(PointerSupersededSchema, { pointer, replaced })),
  }),
  updated: (pointer) => ({
    type: PointerUpdatedSchema.typeName,
    payload: toBinary(PointerUpdatedSchema, create(PointerUpdatedSchema, { pointer })),
  }),
  deleted: (pointer) => ({
    type: PointerDeletedSchema.typeName,
    payload: toBinary(PointerDeletedSchema, create(PointerDeletedSchema, { pointer })),
  }),
};
