import { formatNhsNumber, isNhsNumber, parseNhsNumber } from '@carespine/fhir';
import type { ListReport, ReportQuery } from '../apis/reports-api';
import { checkForm, dateIn, dateValues, type Errors, type Field, type Values } from '../forms/form';
import { dateInWords, londonDate } from '../pages/words';
import { OUTCOME_NAMES, REASONS } from './access-view';

export type ReportName = ListReport | 'activity';

/** A report that an officer can ask for. */
export interface ReportForm {
  name: ReportName;
  title: string;
  about: string;
  button: string;
  fields: readonly Field[];
}

const FROM: Field = { name: 'from', label: 'From', kind: 'date', required: 'Enter the first date' };
const TO: Field = { name: 'to', label: 'To', kind: 'date', required: 'Enter the last date' };
const PATIENT: Field = { name: 'nhsNumber', label: 'NHS number', kind: 'text', width: 10, inputmode: 'numeric', maxLength: 20 };
const PERSON: Field = { name: 'person', label: 'Name or user ID of staff', kind: 'text', width: 20, maxLength: 100 };
const OUTCOME: Field = {
  name: 'outcome',
  label: 'Outcome',
  kind: 'select',
  empty: 'Any',
  options: Object.entries(OUTCOME_NAMES).map(([value, text]) => ({ value, text })),
};
const PURPOSE: Field = {
  name: 'purpose',
  label: 'Reason for access',
  kind: 'select',
  empty: 'Any',
  options: Object.entries(REASONS).map(([value, text]) => ({ value, text })),
};

const optional = (field: Field): Field => ({ ...field, hint: 'Optional' });

export const REPORTS: readonly ReportForm[] = [
  {
    name: 'patient-access',
    title: 'Who looked at a patient',
    about: 'Everyone in your organisation who searched for, opened or changed one patient’s record.',
    button: 'Show who looked',
    fields: [{ ...PATIENT, hint: '10 numbers, for example 485 777 3456', required: 'Enter an NHS number' }, FROM, TO, optional(PERSON), OUTCOME, PURPOSE],
  },
  {
    name: 'user-access',
    title: 'What a user did',
    about: 'Every search, record and change of one member of staff.',
    button: 'Show what they did',
    fields: [
      { ...PERSON, hint: 'For example Okafor, or 555086689106', required: 'Enter a name or a user ID' },
      FROM,
      TO,
      optional(PATIENT),
      OUTCOME,
      PURPOSE,
    ],
  },
  {
    name: 'patient-enquiries',
    title: 'Who searched for whom',
    about: 'Who searched for which patients, how often, and whether they opened the record.',
    button: 'Show searches',
    fields: [FROM, TO, optional(PERSON), optional(PATIENT)],
  },
  {
    name: 'activity',
    title: 'Activity and unusual behaviour',
    about: 'Accesses over time, and staff whose use differs from what is usual for their role.',
    button: 'Show activity',
    fields: [FROM, TO],
  },
];

/** The days up to today that a report covers unless told, both counted. */
export function lastMonth(now: Date): { from: string; to: string } {
  const to = londonDate(now);
  return { from: monthBefore(to), to };
}

export const lastMonthValues = (now: Date): Values => {
  const { from, to } = lastMonth(now);
  return { ...dateValues('from', from), ...dateValues('to', to) };
};

/**
 * @see audit specification, "The officer's work": a search spans at most one month nationally
 */
export function checkReport({ fields }: ReportForm, values: Values, now: Date): Errors {
  const errors = checkForm(fields, values);
  const [from, to] = [dateIn(values, 'from'), dateIn(values, 'to')];
  const { nhsNumber, person } = values;
  if (nhsNumber && !parseNhsNumber(nhsNumber)) errors.nhsNumber ??= 'Enter a real NHS number, with 10 numbers';
  if (person && bare(person).length < 2) errors.person ??= 'Enter at least 2 letters of the name';
  else if (person && isNumber(person) && isNhsNumber(bare(person))) errors.person ??= 'This is an NHS number. Enter a name or a user ID of staff';
  else if (person && isNumber(person) && !/^\d{6,20}$/.test(bare(person))) errors.person ??= 'User ID must have 12 numbers';
  if (from && from > londonDate(now)) errors.from ??= 'The first date must be today or in the past';
  if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
  else if (from && to && from < monthBefore(to))
    errors.to ??= 'The dates can span one month at most, for example 25 October to 24 November';
  return errors;
}

/** @param user chosen where a name fits several people */
export function reportQuery(values: Values, user?: { userId: string }): ReportQuery {
  const person = values.person ?? '';
  const chosen = user?.userId ?? (isNumber(person) ? bare(person) : '');
  return {
    patient: parseNhsNumber(values.nhsNumber ?? '') ?? '',
    user: chosen,
    userName: chosen ? '' : person,
    from: dateIn(values, 'from') ?? '',
    to: dateIn(values, 'to') ?? '',
    outcome: values.outcome ?? '',
    purpose: values.purpose ?? '',
  };
}

/** What was asked, for a page to repeat. The period stands in one line. */
export function criteriaOf({ fields }: ReportForm, values: Values): { key: string; value: string }[] {
  const period = `${dateInWords(dateIn(values, 'from') || undefined)} to ${dateInWords(dateIn(values, 'to') || undefined)}`;
  return fields
    .filter(({ name }) => name !== 'to')
    .map((field) => {
      const value = values[field.name] ?? '';
      if (field.name === 'from') return { key: 'Dates', value: period };
      if (value && field.name === 'nhsNumber') return { key: field.label, value: formatNhsNumber(parseNhsNumber(value) ?? '') };
      return { key: field.label, value: field.options?.find((option) => option.value === value)?.text ?? value };
    })
    .filter(({ value }) => value);
}

const bare = (text: string): string => text.replace(/\s/g, '');
const isNumber = (text: string): boolean => /^\d+$/.test(bare(text));

/** The first day of the month that ends with this day, both counted: 25 October for 24 November. */
function monthBefore(date: string): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const lastDay = new Date(Date.UTC(year, month - 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 2, Math.min(day, lastDay) + 1)).toISOString().slice(0, 10);
}
