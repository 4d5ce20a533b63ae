import type { Patient } from '@carespine/fhir';
import type { PatchOperation } from '../apis/demographics-api';
import { dateIn, inputsOf, type Errors, type Field, type Values } from '../forms/form';
import { dateInWords } from '../pages/words';

/** A question about a record. `element` finds it again in what the API says is at fault. */
export type EditField = Field & { element: RegExp };

/** A part of the record that is changed in one go, on one page. */
export interface Area {
  slug: string;
  /** Heading of the page, e.g. `Change name`. */
  title: string;
  /** Says afterwards what was done, e.g. `The name was changed`. */
  saved: string;
  /** What to know before changing it. */
  advice?: string;
  fields: (patient: Patient) => EditField[];
  /** What the record says now, as the form shows it. */
  read: (patient: Patient) => Values;
  /** The rules that the shared checks do not know. */
  check?: (values: Values, patient: Patient) => Errors;
  /** The change as the API takes it. Only called when something differs. */
  patches: (patient: Patient, values: Values) => PatchOperation[];
  /** Takes the whole thing off the record; undefined when there is nothing to take off. */
  removal?: (patient: Patient) => PatchOperation[] | undefined;
  /** Label of the button that does so. */
  removalLabel?: string;
  /** Why this record's area cannot be changed here. */
  closed?: (patient: Patient) => string | undefined;
}

export const same = (field: Field, one: Values, other: Values): boolean =>
  inputsOf(field).every((input) => (one[input] ?? '') === (other[input] ?? ''));

export const inWords = (field: Field, values: Values): string => {
  if (field.kind === 'date') return dateInWords(dateIn(values, field.name)) || 'Nothing';
  const value = values[field.name] ?? '';
  return (field.options?.find((option) => option.value === value)?.text ?? value) || 'Nothing';
};

/**
 * Puts a user's change on top of what the record has become meanwhile: what the user did not touch stays as it is now.
 *
 * @param was what the user saw when the form opened
 */
export function mergeOnto(fields: readonly Field[], now: Values, was: Values, yours: Values): Values {
  const merged: Values = {};
  for (const field of fields) {
    const source = same(field, was, yours) ? now : yours;
    for (const input of inputsOf(field)) merged[input] = source[input] ?? '';
  }
  return merged;
}

export const filled = (...texts: (string | undefined)[]): string[] => texts.filter((text) => !!text).map(String);
