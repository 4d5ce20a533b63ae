import { checkForm, dateIn, dateValues, type Errors, type Field, type Values } from '../forms/form';
import { londonDate } from '../pages/words';

const FROM: Field = { name: 'from', label: 'From', kind: 'date', required: 'Enter the first date' };
const TO: Field = { name: 'to', label: 'To', kind: 'date', required: 'Enter the last date' };
const USER: Field = {
  name: 'user',
  label: 'User ID',
  hint: '12 digits, for example 555086689106',
  kind: 'text',
  width: 20,
  inputmode: 'numeric',
  maxLength: 20,
};
const OUTCOME: Field = {
  name: 'outcome',
  label: 'Outcome',
  kind: 'select',
  empty: 'Any',
  options: [
    { value: '0', text: 'Done' },
    { value: '4', text: 'Refused' },
    { value: '8', text: 'Failed' },
  ],
};

/** Filters of "who looked at this patient". */
export const PATIENT_FILTERS: readonly Field[] = [FROM, TO, { ...USER, hint: 'Optional. To see one user only' }, OUTCOME];

/** Questions of "what did this user do". */
export const USER_FILTERS: readonly Field[] = [{ ...USER, required: 'Enter a user ID' }, FROM, TO, OUTCOME];

/** The days up to today that a report covers unless told. */
export function lastMonth(now: Date): Values {
  const today = londonDate(now);
  return { ...dateValues('from', monthBefore(today)), ...dateValues('to', today) };
}

/**
 * @see audit specification, "The officer's work": a search spans at most one month nationally
 */
export function checkFilters(fields: readonly Field[], values: Values, now: Date): Errors {
  const errors = checkForm(fields, values);
  const [from, to] = [dateIn(values, 'from'), dateIn(values, 'to')];
  if (values.user && !/^\d{6,20}$/.test(values.user.replace(/\s/g, ''))) errors.user ??= 'User ID must be a number, usually with 12 digits';
  if (from && from > londonDate(now)) errors.from ??= 'The first date must be today or in the past';
  if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
  else if (from && to && from < monthBefore(to))
    errors.to ??= 'The dates can span one month at most, for example 25 October to 24 November';
  return errors;
}

/** The first day of the month that ends with this day, both counted: 25 October for 24 November. */
function monthBefore(date: string): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const lastDay = new Date(Date.UTC(year, month - 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 2, Math.min(day, lastDay) + 1)).toISOString().slice(0, 10);
}
