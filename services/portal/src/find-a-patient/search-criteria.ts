import { parseNhsNumber } from '@carespine/fhir';
import { checkForm, dateIn, type Errors, type Field, type Values } from '../forms/form';
import { dateInWords, GENDERS, londonDate } from '../pages/words';

export type SearchKind = 'nhs-number' | 'basic' | 'advanced';

const GENDER_OPTIONS = [
  { value: 'female', text: 'Female' },
  { value: 'male', text: 'Male' },
  { value: 'other', text: 'Other' },
  { value: 'unknown', text: 'Unknown' },
];

const family: Field = { name: 'family', label: 'Last name', kind: 'text', width: 20 };
const birth: Field = { name: 'birth', label: 'Date of birth', hint: 'For example, 15 3 1985', kind: 'date' };
const gender: Field = { name: 'gender', label: 'Gender', hint: 'Optional', kind: 'radios', options: GENDER_OPTIONS };
const postcode: Field = { name: 'postcode', label: 'Postcode', kind: 'text', width: 10, maxLength: 10 };

/** The questions of each search. */
export const SEARCH_FIELDS: Record<SearchKind, readonly Field[]> = {
  'nhs-number': [
    {
      name: 'nhsNumber',
      label: 'NHS number',
      hint: 'A 10-digit number, for example 999 123 4567',
      kind: 'text',
      width: 10,
      inputmode: 'numeric',
      required: 'Enter an NHS number',
    },
  ],
  basic: [
    { ...family, hint: 'As on the record now', required: 'Enter a last name' },
    { ...birth, required: 'Enter a date of birth' },
    gender,
    { ...postcode, hint: 'Optional. Of the home address' },
  ],
  advanced: [
    {
      ...family,
      group: 'Name',
      hint: 'Use * for letters you are not sure of, after the first 2. For example, Smi* finds Smith and Smithson',
    },
    { name: 'given', label: 'First name', hint: 'You can use * here too', kind: 'text', width: 20 },
    { name: 'middle', label: 'Middle names', hint: 'Separate several names with a space', kind: 'text', width: 20 },
    { ...gender, hint: undefined },
    {
      ...birth,
      group: 'Date of birth',
      label: 'Date of birth, or the earliest it could be',
      required: 'Enter a date of birth, or the earliest it could be',
    },
    { name: 'birthTo', label: 'Latest date of birth', hint: 'Only if you are not sure of the exact date', kind: 'date' },
    { ...postcode, group: 'Address and contact', hint: 'You can use * after the first 2 characters. For example, LS1*' },
    { name: 'phone', label: 'Phone number', hint: 'The whole number, as on the record', kind: 'text', width: 20, type: 'tel' },
    { name: 'email', label: 'Email address', kind: 'text', width: 30, type: 'email' },
    {
      name: 'gp',
      label: 'GP practice code',
      hint: 'The ODS code of the practice, for example Y12345',
      kind: 'text',
      width: 10,
      maxLength: 10,
    },
    { name: 'death', group: 'If the patient has died', label: 'Date of death, or the earliest it could be', kind: 'date' },
    { name: 'deathTo', label: 'Latest date of death', kind: 'date' },
    {
      name: 'fuzzy',
      group: 'How to match',
      label: 'Find names that sound alike or are in the wrong order',
      hint: 'Cannot be used with *',
      kind: 'checkbox',
    },
    { name: 'history', label: 'Search previous names, addresses and contact details too', kind: 'checkbox' },
    { name: 'exact', label: 'Show exact matches only', kind: 'checkbox' },
  ],
};

const NAME_LIMIT = 35;

/**
 * What a search may not be, before it is sent.
 *
 * @see demographics specification, "Parameters" and "Minimum criteria"
 */
export function checkSearch(kind: SearchKind, values: Values): Errors {
  const errors = checkForm(SEARCH_FIELDS[kind], values);
  const fail = (field: string, text: string) => (errors[field] ??= text);
  if (kind === 'nhs-number') {
    if (!parseNhsNumber(values.nhsNumber ?? ''))
      fail('nhsNumber', 'Enter a real NHS number. It has 10 digits; check that none is missing or swapped');
    return errors;
  }

  const { family = '', given = '', middle = '', postcode = '', gender = '', fuzzy } = values;
  if (family.length > NAME_LIMIT) fail('family', `Last name must be ${NAME_LIMIT} characters or fewer`);
  if (given.length > NAME_LIMIT) fail('given', `First name must be ${NAME_LIMIT} characters or fewer`);
  if (middle.split(' ').some((name) => name.length > NAME_LIMIT))
    fail('middle', `Each middle name must be ${NAME_LIMIT} characters or fewer`);
  for (const [field, label, text] of [
    ['family', 'Last name', family],
    ['given', 'First name', given],
    ['postcode', 'Postcode', postcode],
  ] as const) {
    if (!text.includes('*')) continue;
    if (fuzzy) fail(field, `${label} cannot have * in it when you search for names that sound alike`);
    else if (text.replace(/\s/g, '').indexOf('*') < 2) fail(field, `${label} must have at least 2 characters before *`);
  }
  if (postcode && !/^[a-z0-9* ]*$/i.test(postcode)) fail('postcode', 'Enter a postcode with letters and numbers only, for example LS1 6AE');
  const gp = values.gp ?? '';
  if (gp && !/^[a-z0-9]+$/i.test(gp)) fail('gp', 'GP practice code must be letters and numbers only, for example Y12345');
  const email = values.email ?? '';
  if (email && !/^[^@\s]+@[^@\s]+$/.test(email)) fail('email', 'Enter an email address in the right form, like name@example.com');
  const phone = values.phone ?? '';
  if (phone && !/^\+?[\d ()-]+$/.test(phone)) fail('phone', 'Enter a phone number, like 01632 960 587');

  for (const [from, to, label] of [
    ['birth', 'birthTo', 'date of birth'],
    ['death', 'deathTo', 'date of death'],
  ] as const) {
    const [first, last] = [dateIn(values, from), dateIn(values, to)];
    if (first && first > londonDate(new Date())) fail(from, `The ${label} must be in the past`);
    if (first && last && last < first) fail(to, `The latest ${label} must be the same as or after the earliest`);
    if (last && first === '') fail(from, `Enter the earliest ${label} as well`);
  }
  const enough = fuzzy ? (given && family) || ((given || family) && gender && postcode) : family;
  if (!enough) {
    fail('family', fuzzy ? 'Enter a last name and a first name, or one of them with gender and postcode' : 'Enter a last name');
  }
  return errors;
}

/** The API's parameters for what was typed. */
export function searchParameters(values: Values): URLSearchParams {
  const query = new URLSearchParams();
  const add = (name: string, value: string | undefined) => value && query.append(name, value);
  add('family', values.family);
  add('given', values.given);
  for (const name of (values.middle ?? '').split(' ')) add('given', name);
  add('gender', values.gender);
  for (const [parameter, from, to] of [
    ['birthdate', 'birth', 'birthTo'],
    ['death-date', 'death', 'deathTo'],
  ] as const) {
    const [first, last] = [dateIn(values, from), dateIn(values, to)];
    if (first && last) {
      add(parameter, `ge${first}`);
      add(parameter, `le${last}`);
    } else if (first) add(parameter, `eq${first}`);
  }
  add('address-postalcode', values.postcode?.toUpperCase());
  add('general-practitioner', values.gp?.toUpperCase());
  add('email', values.email);
  add('phone', values.phone?.replace(/[ ()-]/g, ''));
  if (values.fuzzy) add('_fuzzy-match', 'true');
  if (values.history && !values.fuzzy) add('_history', 'true');
  if (values.exact) add('_exact-match', 'true');
  return query;
}

/** What was searched for, for the top of the results. */
export function criteriaInWords(values: Values): { key: string; value: string }[] {
  const range = (from: string, to: string) =>
    [dateIn(values, from), dateIn(values, to)]
      .filter((date) => !!date)
      .map((date) => dateInWords(date))
      .join(' to ');
  const rows: [string, string | undefined][] = [
    ['Last name', values.family],
    ['First name', values.given],
    ['Middle names', values.middle],
    ['Date of birth', range('birth', 'birthTo')],
    ['Gender', values.gender && GENDERS[values.gender]],
    ['Postcode', values.postcode?.toUpperCase()],
    ['Phone', values.phone],
    ['Email', values.email],
    ['GP practice', values.gp?.toUpperCase()],
    ['Date of death', range('death', 'deathTo')],
    [
      'Matching',
      [values.fuzzy && 'sound-alike names', values.history && 'previous details', values.exact && 'exact only'].filter(Boolean).join(', '),
    ],
  ];
  return rows.flatMap(([key, value]) => (value ? [{ key, value }] : []));
}
