import type { Address, Patient } from '@carespine/fhir';
import { dateIn, dateValues, lower, type Errors, type Values } from '../forms/form';
import { londonDate } from '../pages/words';
import { TEMPORARY_ADDRESS_TYPES } from '../patients/code-lists';
import { addressOf } from '../patients/patient-record';
import type { Area, EditField } from './area';
import { addItem, removeItem, replaceItem } from './patch-list';

/** Postcode of people without a fixed abode: it needs no lines. */
const NO_FIXED_ABODE = 'ZZ99 3VZ';
const POSTCODE = /^(GIR ?0AA|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})$/;

const LINE_FIELDS: EditField[] = [
  { name: 'building', label: 'Building or house name', hint: 'Optional', kind: 'text', width: 20, maxLength: 35, element: /line\W+0/ },
  { name: 'street', label: 'Number and street', kind: 'text', width: 20, maxLength: 35, element: /line\W+1/ },
  { name: 'locality', label: 'Village or area', hint: 'Optional', kind: 'text', width: 20, maxLength: 35, element: /line\W+2/ },
  { name: 'town', label: 'Town or city', kind: 'text', width: 20, maxLength: 35, element: /line/ },
  {
    name: 'postcode',
    label: 'Postcode',
    hint: `For no fixed abode, enter ${NO_FIXED_ABODE} and leave the rest empty`,
    kind: 'text',
    width: 10,
    maxLength: 8,
    required: 'Enter a postcode',
    element: /postalCode/,
  },
];

const PERIOD_FIELDS: EditField[] = [
  { name: 'from', label: 'From', kind: 'date', required: 'Enter the date that they start using this address', element: /start/ },
  { name: 'until', label: 'Until', kind: 'date', required: 'Enter the date that they stop using this address', element: /end/ },
];

/**
 * The API drops blank lines, so positions have to be told from the number of lines.
 *
 * @see demographics specification, "address": 1 premises, 2 number and street, 3 locality, 4 post town, 5 county
 */
function readLines(address: Address | undefined): Values {
  const lines = address?.line ?? [];
  const [building = '', street = '', locality = '', town = ''] =
    lines.length >= 4
      ? lines
      : lines.length === 3
        ? [lines[0], lines[1], '', lines[2]]
        : lines.length === 2
          ? ['', lines[0], '', lines[1]]
          : ['', lines[0], '', ''];
  return { building, street, locality, town, postcode: address?.postalCode ?? '' };
}

function checkLines(values: Values): Errors {
  const errors: Errors = {};
  const postcode = normalPostcode(values);
  if (postcode && !POSTCODE.test(postcode)) errors.postcode = 'Enter a full UK postcode, for example LS1 6AE';
  if (postcode === NO_FIXED_ABODE) return errors;
  if (!values.street && !values.building) errors.street = 'Enter a number and street, or a building name';
  if (!values.town) errors.town = 'Enter a town or city';
  return errors;
}

function normalPostcode(values: Values): string {
  const postcode = (values.postcode ?? '').replace(/\s/g, '').toUpperCase();
  return postcode.length > 3 ? `${postcode.slice(0, -3)} ${postcode.slice(-3)}` : postcode;
}

const lines = ({ building = '', street = '', locality = '', town = '' }: Values): string[] => {
  const all = [building, street, locality, town];
  return all.some(Boolean) ? all : [];
};

const addDays = (date: string, days: number): string => new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);

interface AddressKind {
  slug: string;
  use: 'home' | 'temp' | 'billing';
  label: string;
  advice?: string;
  /** Longest time that such an address may be in use; absent for a home. */
  maxDays?: number;
}

const addressArea = ({ slug, use, label, advice, maxDays }: AddressKind): Area => {
  const at = (patient: Patient) => addressOf(patient, use, new Date());
  return {
    slug,
    title: `Change ${lower(label)}`,
    saved: `The ${lower(label)} was changed`,
    advice,
    fields: () => [
      ...(use === 'temp'
        ? [
            {
              name: 'type',
              label: 'Type of address',
              kind: 'select' as const,
              options: TEMPORARY_ADDRESS_TYPES,
              required: 'Select a type of address',
              element: /text/,
            },
          ]
        : []),
      ...LINE_FIELDS,
      ...(maxDays ? PERIOD_FIELDS : []),
    ],
    read: (patient) => {
      const address = at(patient);
      const today = londonDate(new Date());
      return {
        ...readLines(address),
        ...(use === 'temp' && { type: address?.text ?? '' }),
        ...(maxDays && dateValues('from', address ? address.period?.start : today)),
        ...(maxDays && dateValues('until', address ? address.period?.end : addDays(today, 30))),
      };
    },
    check: (values) => {
      const errors = checkLines(values);
      const [from, until] = [dateIn(values, 'from'), dateIn(values, 'until')];
      if (!maxDays || !from || !until) return errors;
      if (from > londonDate(new Date())) errors.from = 'The date they start using this address must be today or in the past';
      if (until < from) errors.until = 'The date they stop using this address must be after the date they start';
      else if (until > addDays(from, maxDays)) errors.until = `This address can be used for ${maxDays} days at most`;
      return errors;
    },
    patches: (patient, values) => {
      const current = at(patient);
      const typed = lines(values);
      const next = {
        use,
        ...(use === 'temp' && { text: values.type }),
        ...(typed.length > 0 && { line: typed }),
        postalCode: normalPostcode(values),
        ...(maxDays && { period: { start: dateIn(values, 'from'), end: dateIn(values, 'until') } }),
      };
      return [current ? replaceItem(patient, 'address', current, { id: current.id, ...next }) : addItem('address', next)];
    },
    ...(maxDays && {
      removal: (patient: Patient) => {
        const current = at(patient);
        return current && removeItem(patient, 'address', current);
      },
      removalLabel: `Remove the ${lower(label)}`,
    }),
  };
};

export const homeAddress = addressArea({ slug: 'home-address', use: 'home', label: 'Home address' });

export const temporaryAddress = addressArea({
  slug: 'temporary-address',
  use: 'temp',
  label: 'Temporary address',
  advice: 'For up to 90 days. If it is longer, change the home address instead.',
  maxDays: 90,
});

export const correspondenceAddress = addressArea({
  slug: 'correspondence-address',
  use: 'billing',
  label: 'Correspondence address',
  advice: 'Letters go here, not to the home address, until the date you give. It can be up to 366 days.',
  maxDays: 366,
});
