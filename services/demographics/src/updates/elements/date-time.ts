import { isCalendarDate } from '@carespine/fhir';
import { invalidValue } from '../faults';

/**
 * A time in UTC as records keep it: `yyyy-mm-ddTHH:MM:SS+00:00`. The offset, or the whole time, may be left out by who writes it;
 * a date without a time stays one.
 *
 * @throws Fault INVALID_VALUE, also for any other offset
 * @see demographics specification, "deceasedDateTime and death notification"
 */
export function utcDateTime(value: unknown, at: string): string {
  if (typeof value !== 'string') throw invalidValue(value, at);
  const [, day, time] = /^([12]\d{3}-\d{2}-\d{2})(?:T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\+00:00)?)?$/.exec(value) ?? [];
  if (day === undefined || !isCalendarDate(day)) throw invalidValue(value, at);
  return time === undefined ? day : `${day}T${time}+00:00`;
}

/** Whether a written time lies after the moment of the update. */
export function isFuture(written: string, { today, now }: { today: string; now: string }): boolean {
  return written.includes('T') ? Date.parse(written) > Date.parse(now) : written > today;
}
