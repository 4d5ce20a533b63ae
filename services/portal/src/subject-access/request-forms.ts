import { parseNhsNumber } from '@carespine/fhir';
import type { SubjectAccessOrder } from '../apis/subject-access-api';
import { checkForm, dateIn, type Errors, type Field, type Values } from '../forms/form';
import { londonDate } from '../pages/words';
import { EXCLUSIONS, IDENTITY_DOCUMENTS } from './request-view';

const DOCUMENTS: Field = {
  name: 'identity',
  label: 'Which documents did you see?',
  hint: 'One with a photograph (passport, driving licence or identity card) and one with an address (a bill or a statement)',
  kind: 'checkboxes',
  required: 'Select the documents that you saw',
  options: IDENTITY_DOCUMENTS,
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
  const proofs = documentsOf(values).map(({ proves }) => proves);
  if (!proofs.includes('photograph')) errors.identity ??= 'Select a document with a photograph as well';
  if (!proofs.includes('address')) errors.identity ??= 'Select a document with an address as well';
  if (from && from > today) errors.from ??= 'The first date must be today or in the past';
  if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
  else if (to && to > today) errors.to ??= 'The last date must be today or in the past';
  if (values.withhold === 'yes' && !values.reason) errors.reason ??= 'Enter why names are left out';
  return Object.fromEntries(REQUEST.flatMap(({ name }) => (errors[name] ? [[name, errors[name]]] : [])));
}

const documentsOf = (values: Values) => IDENTITY_DOCUMENTS.filter(({ value }) => values[`identity-${value}`]);

export const orderOf = (values: Values): SubjectAccessOrder => ({
  nhsNumber: parseNhsNumber(values.nhsNumber ?? '') ?? '',
  from: dateIn(values, 'from') ?? '',
  to: dateIn(values, 'to') ?? '',
  receivedOn: dateIn(values, 'received') ?? '',
  identityChecks: documentsOf(values).map(({ value }) => value),
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
    about: 'For what would harm somebody, or an investigation that is open. The answer says that some information is left out, not what it is.',
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
        label: 'Numbers of single accesses',
        hint: 'As the letter prints them, for example 3, 17. Optional, but for single accesses',
        kind: 'textarea',
        maxLength: 10_000,
      },
      note('Why', 'Enter why it is left out'),
    ],
  },
  {
    step: 'include',
    title: 'Show a part',
    button: 'Show it',
    about: 'For what the person may know without harm to anybody. It replaces an earlier decision on the same part.',
    fields: [
      {
        name: 'what',
        label: 'What is shown',
        kind: 'radios',
        required: 'Select what is shown',
        options: Object.entries(EXCLUSIONS).map(([value, text]) => ({ value, text })),
      },
      note('Why', 'Enter why it is shown'),
    ],
  },
  {
    step: 'close',
    title: 'Close the request',
    button: 'Close request',
    about: 'When nothing more is to be done.',
    fields: [note('Note')],
  },
  {
    step: 'appeal',
    title: 'Record an appeal',
    button: 'Record appeal',
    about: 'The person does not agree with the answer and has turned to you, the Information Commissioner or a court. The file is kept for six years from then.',
    fields: [note('What the appeal is about', 'Enter what the appeal is about')],
  },
];

export function checkRequestStep({ step, fields }: RequestStep, values: Values): Errors {
  const errors = checkForm(fields, values);
  if (step !== 'exclude') return errors;
  const accesses = linesOf(values.accesses);
  if (values.what === 'other' && accesses.length === 0) errors.accesses ??= 'Enter the number of each access that is left out';
  if (accesses.some((number) => !/^\d{1,9}$/.test(number))) errors.accesses ??= 'Enter numbers like 3, 17';
  return Object.fromEntries(fields.flatMap(({ name }) => (errors[name] ? [[name, errors[name]]] : [])));
}

/** The members of a step that its form gives. */
export const membersOf = ({ accesses, ...values }: Values): Record<string, unknown> => ({
  ...Object.fromEntries(Object.entries(values).filter(([, value]) => value)),
  ...(accesses && { accesses: linesOf(accesses).map(Number) }),
});

const linesOf = (text = ''): string[] => text.split(/[\s,]+/).filter(Boolean);
