import { isCalendarDate } from '@carespine/fhir';
import { invalidUpdate, invalidValue } from '../faults';
import type { JsonObject } from '../json';
import { isFuture, utcDateTime } from './date-time';
import { oneOf, type Moment } from './element';

/**
 * Checks the members of a patient that are one value, where the update gives them, and writes them in the form in which records keep them.
 *
 * @see demographics specification, "gender, birth, multiple birth" and "deceasedDateTime and death notification"
 */
export function checkScalars(patient: JsonObject, given: ReadonlySet<string>, moment: Moment): void {
  const has = (member: string) => given.has(member) && patient[member] !== undefined;
  if (has('gender')) oneOf(patient['gender'], 'gender', ['male', 'female', 'unknown']);
  if (has('multipleBirthInteger')) {
    const order = patient['multipleBirthInteger'];
    if (typeof order !== 'number' || !Number.isInteger(order) || order < 1 || order > 9) throw invalidValue(order, 'multipleBirthInteger');
  }
  if (has('birthDate')) {
    const birthDate = patient['birthDate'];
    if (typeof birthDate !== 'string' || !isCalendarDate(birthDate)) throw invalidValue(birthDate, 'birthDate');
    if (birthDate > moment.today) throw invalidUpdate('birthDate must not be in the future');
  }
  if (has('deceasedDateTime')) {
    const deceased = utcDateTime(patient['deceasedDateTime'], 'deceasedDateTime');
    if (isFuture(deceased, moment)) throw invalidUpdate('deceasedDateTime must not be in the future');
    patient['deceasedDateTime'] = deceased;
  }
  if ((has('birthDate') || has('deceasedDateTime')) && diedBeforeBirth(patient)) {
    throw invalidUpdate('deceasedDateTime must not be before birthDate');
  }
}

/** Records may hold a year, or a year and a month, for either: they are compared as far as both are known. */
function diedBeforeBirth({ birthDate, deceasedDateTime: deceased }: JsonObject): boolean {
  if (typeof birthDate !== 'string' || typeof deceased !== 'string') return false;
  const known = Math.min(birthDate.length, deceased.length, 10);
  return deceased.slice(0, known) < birthDate.slice(0, known);
}
