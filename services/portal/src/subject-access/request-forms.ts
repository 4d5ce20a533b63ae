import { parseNhsNumber } from '@carespine/fhir';
import type { SubjectAccessOrder } from '../apis/subject-access-api';
import { checkForm, chosenOf, dateIn, type Errors, type Field, type Values } from '../forms/form';
import { londonDate } from '../pages/words';
import { EXCLUSIONS } from './request-view';

const DOCUMENTS: Field = {
  name: 'identity',
  label: 'Which documents did you see?',
  hint: 'Select at least two, for example one with a photograph and one with an address',
  kind: 'checkboxes',
  required: 'Select the documents that you saw',
  options: [
    { value: 'passport', text: 'Passport' },
    { value: 'driving-licence', text: 'Driving licence with a photograph' },
    { value: 'national-identity-card', text: 'National identity card' },
    { value: 'birth-certificate', text: 'Birth certificate' },
    { value: 'utility-bill', text: 'Utility bill' },
    { value: 'bank-statement', text: 'Bank statement' },
    { value: 'council-tax-bill', text: 'Council tax bill' },
    { value: 'power-of-attorney', text: 'Power of attorney, or proof of parental responsibility' },
  ],
};

export const REQUEST: readonly Field[] = [
  {
    name: 'nhsNumber',
    label: 'NHS number',
    hint: 'Of the person whose record it is',
    kind: 'text',
    width: 10,
    inputmode: 'numeric',
    maxLength: 20,
    required: 'Enter an NHS number',
  },
  { name: 'received', label: 'When did the request arrive?', kind: 'date', required: 'Enter when the request arrived' },
  DOCUMENTS,
  { name: 'from', label: 'Accesses from', kind: 'date', required: 'Enter the first date' },
  { name: 'to', label: 'Accesses to', kind: 'date', required: 'Enter the last date' },
  {
    name: 'withhold',
    label: 'Show the names of staff?',
    hint: 'Leave names out only where showing them would put somebody in danger',
    kind: 'radios',
    required: 'Select whether names of staff are shown',
    options: [
      { value: 'no', text: 'Show names' },
      { value: 'yes', text: 'Leave names out' },
    ],
  },
  { name: 'reason', label: 'Why names are left out', hint: 'Only if they are', kind: 'textarea', maxLength: 500 },
];

export function checkRequest(values: Values, now: Date): Errors {
  const errors = checkForm(REQUEST, values);
  const today = londonDate(now);
  const [received, from, to] = ['received', 'from', 'to'].map((name) => dateIn(values, name));
  if (values.nhsNumber && !parseNhsNumber(values.nhsNumber)) errors.nhsNumber ??= 'Enter a real NHS number, with 10 numbers';
  if (received && received > today) errors.received ??= 'The date it arrived must be today or in the past';
  if (chosenOf(DOCUMENTS, values).length === 1) errors.identity ??= 'Select two documents';
  if (from && from > today) errors.from ??= 'The first date must be today or in the past';
  if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
  else if (to && to > today) errors.to ??= 'The last date must be today or in the past';
  if (values.withhold === 'yes' && !values.reason) errors.reason ??= 'Enter why names are left out';
  return Object.fromEntries(REQUEST.flatMap(({ name }) => (errors[name] ? [[name, errors[name]]] : [])));
}

export const orderOf = (values: Values): SubjectAccessOrder => ({
  nhsNumber: parseNhsNumber(values.nhsNumber ?? '') ?? '',
  from: dateIn(values, 'from') ?? '',
  to: dateIn(values, 'to') ?? '',
  receivedOn: dateIn(values, 'received') ?? '',
  identityChecks: (DOCUMENTS.options ?? []).filter(({ value }) => values[`identity-${value}`]).map(({ text }) => text),
  withholdNames: values.withhold === 'yes',
  ...(values.withhold === 'yes' && { withholdReason: values.reason }),
});

/** The form's field of an element that the API refuses. */
export const FIELD_OF: Record<string, string> = {
  nhsNumber: 'nhsNumber',
  receivedOn: 'received',
  identityChecks: 'identity',
  from: 'from',
  to: 'to',
  withholdNames: 'withhold',
  withholdReason: 'reason',
};

export interface RequestStep {
  step: string;
  title: string;
  button: string;
  about: string;
  fields: readonly Field[];
}

const note = (label: string, required?: string): Field => ({ name: 'note', label, kind: 'textarea', maxLength: 2000, ...(required ? { required } : { hint: 'Optional' }) });

/** @see audit specification, "Subject access request" */
export const REQUEST_STEPS: readonly RequestStep[] = [
  {
    step: 'sent',
    title: 'Record that it was sent',
    button: 'Record as sent',
    about: 'The answer went to the person. Send it in a way that reaches nobody else.',
    fields: [note('How it was sent')],
  },
  {
    step: 'extend',
    title: 'Extend the time by two months',
    button: 'Extend',
    about: 'For a complex request only. Tell the person why within the first month.',
    fields: [note('Why more time is needed', 'Enter why more time is needed')],
  },
  {
    step: 'exclude',
    title: 'Leave a part out',
    button: 'Leave it out',
    about: 'For what would harm somebody, or an investigation that is open. The Caldicott Guardian decides, and the answer says that a part was left out.',
    fields: [
      {
        name: 'what',
        label: 'What is left out',
        kind: 'radios',
        required: 'Select what is left out',
        options: Object.entries(EXCLUSIONS).map(([value, text]) => ({ value, text })),
      },
      {
        name: 'accesses',
        label: 'Numbers of the access records',
        hint: 'Optional, but for something else. One a line; each stands on the proof page of its access',
        kind: 'textarea',
        maxLength: 40_000,
      },
      note('Why', 'Enter why it is left out'),
    ],
  },
  {
    step: 'close',
    title: 'Close the request',
    button: 'Close request',
    about: 'When nothing more is to be done.',
    fields: [note('Note')],
  },
];

export function checkRequestStep({ step, fields }: RequestStep, values: Values): Errors {
  const errors = checkForm(fields, values);
  if (step !== 'exclude') return errors;
  const accesses = linesOf(values.accesses);
  if (values.what === 'other' && accesses.length === 0) errors.accesses ??= 'Enter the number of each access record that is left out';
  if (accesses.some((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))) errors.accesses ??= 'Enter numbers like 01a20d56-5516-7580-96aa-2d97308ad777, one a line';
  return Object.fromEntries(fields.flatMap(({ name }) => (errors[name] ? [[name, errors[name]]] : [])));
}

/** The members of a step that its form gives. */
export const membersOf = ({ accesses, ...values }: Values): Record<string, unknown> => ({
  ...Object.fromEntries(Object.entries(values).filter(([, value]) => value)),
  ...(accesses && { accesses: linesOf(accesses) }),
});

const linesOf = (text = ''): string[] => text.toLowerCase().split(/[\s,]+/).filter(Boolean);
