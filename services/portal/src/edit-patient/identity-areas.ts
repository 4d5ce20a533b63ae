import { EXTENSION_URLS, type Extension, type Patient } from '@carespine/fhir';
import { dateIn, dateValues, type Errors, type Values } from '../forms/form';
import { londonDate } from '../pages/words';
import { deathStatus, usualName } from '../patients/patient-record';
import { filled, type Area } from './area';
import { addItem, replaceItem, setExtension } from './patch-list';

/** @see demographics specification, "name": the code points that a name may have */
const NAME_LETTERS = /^[ '\-.0-9A-Za-zÀ-ÖØ-öø-ſ]*$/;

export const name: Area = {
  slug: 'name',
  title: 'Change name',
  saved: 'The name was changed',
  fields: () => [
    { name: 'title', label: 'Title', hint: 'Optional. For example, Mrs, Dr', kind: 'text', width: 10, maxLength: 35, element: /prefix/ },
    { name: 'first', label: 'First name', kind: 'text', width: 20, maxLength: 35, element: /given/ },
    {
      name: 'middle',
      label: 'Middle names',
      hint: 'Optional. Separate several names with a space',
      kind: 'text',
      width: 20,
      element: /given\W+[1-9]/,
    },
    { name: 'last', label: 'Last name', kind: 'text', width: 20, maxLength: 35, required: 'Enter a last name', element: /family/ },
    {
      name: 'suffix',
      label: 'Suffix',
      hint: 'Optional. For example, MBE, Junior',
      kind: 'text',
      width: 10,
      maxLength: 35,
      element: /suffix/,
    },
  ],
  read: (patient) => {
    const usual = usualName(patient);
    return {
      title: usual?.prefix?.join(' ') ?? '',
      first: usual?.given?.[0] ?? '',
      middle: usual?.given?.slice(1).join(' ') ?? '',
      last: usual?.family ?? '',
      suffix: usual?.suffix?.join(' ') ?? '',
    };
  },
  check: (values) => {
    const errors: Errors = {};
    const labels = { title: 'Title', first: 'First name', middle: 'Middle names', last: 'Last name', suffix: 'Suffix' };
    for (const [field, label] of Object.entries(labels)) {
      if (!NAME_LETTERS.test(values[field] ?? ''))
        errors[field] = `${label} must only have letters, numbers, spaces, hyphens, apostrophes and full stops`;
    }
    const middle = filled(...(values.middle ?? '').split(' '));
    if (middle.length > 4) errors.middle = 'Enter 4 middle names or fewer';
    if (middle.length > 0 && !values.first) errors.first = 'Enter a first name, or remove the middle names';
    if (values.suffix && !/^[A-Z]/.test(values.suffix)) errors.suffix = 'Suffix must start with a capital letter';
    return errors;
  },
  patches: (patient, values) => {
    const usual = usualName(patient);
    const given = filled(values.first, ...(values.middle ?? '').split(' '));
    const next = {
      use: 'usual' as const,
      family: values.last,
      ...(given.length > 0 && { given }),
      ...(values.title && { prefix: [values.title] }),
      ...(values.suffix && { suffix: values.suffix.split(' ') }),
    };
    return [usual ? replaceItem(patient, 'name', usual, { id: usual.id, ...next }) : addItem('name', next)];
  },
};

export const gender: Area = {
  slug: 'gender',
  title: 'Change gender',
  saved: 'The gender was changed',
  fields: () => [
    {
      name: 'gender',
      label: 'Gender',
      kind: 'radios',
      required: 'Select a gender',
      options: [
        { value: 'female', text: 'Female' },
        { value: 'male', text: 'Male' },
        { value: 'unknown', text: 'Unknown' },
      ],
      element: /gender/,
    },
  ],
  read: (patient) => ({ gender: patient.gender ?? '' }),
  patches: (patient, values) => [{ op: patient.gender ? 'replace' : 'add', path: '/gender', value: values.gender }],
};

export const birthDate: Area = {
  slug: 'birth-date',
  title: 'Change date of birth',
  saved: 'The date of birth was changed',
  advice: 'Check the date against a document, such as a birth certificate or passport.',
  fields: () => [
    {
      name: 'born',
      label: 'Date of birth',
      hint: 'For example, 15 3 1985',
      kind: 'date',
      required: 'Enter a date of birth',
      element: /birthDate/,
    },
  ],
  read: (patient) => dateValues('born', patient.birthDate),
  check: (values, patient): Errors => {
    const born = dateIn(values, 'born');
    if (born && born > londonDate(new Date())) return { born: 'Date of birth must be today or in the past' };
    if (born && patient.deceasedDateTime && born > patient.deceasedDateTime.slice(0, 10))
      return { born: 'Date of birth must be before the date of death' };
    return {};
  },
  patches: (patient, values) => [{ op: patient.birthDate ? 'replace' : 'add', path: '/birthDate', value: dateIn(values, 'born') }],
};

export const death: Area = {
  slug: 'death',
  title: 'Record a death',
  saved: 'The death was recorded',
  advice:
    'This is an informal notice from your organisation. It becomes formal when the Registrar of Deaths confirms it. ' +
    'You cannot take a recorded death off the record here.',
  fields: () => [
    {
      name: 'died',
      label: 'Date of death',
      hint: 'For example, 15 3 2024',
      kind: 'date',
      required: 'Enter a date of death',
      element: /deceased/,
    },
  ],
  read: (patient) => dateValues('died', patient.deceasedDateTime),
  check: (values, patient): Errors => {
    const died = dateIn(values, 'died');
    if (died && died > londonDate(new Date())) return { died: 'Date of death must be today or in the past' };
    if (died && patient.birthDate && died < patient.birthDate) return { died: 'Date of death must be on or after the date of birth' };
    return {};
  },
  patches: (patient: Patient, values: Values) => [
    { op: patient.deceasedDateTime ? 'replace' : 'add', path: '/deceasedDateTime', value: `${dateIn(values, 'died')}T00:00:00+00:00` },
    ...setExtension(patient, EXTENSION_URLS.deathNotification, informalNotice(new Date())),
  ],
  closed: (patient) =>
    deathStatus(patient) === '2'
      ? 'The Registrar of Deaths has confirmed this death, so the date can only be changed by the national back office.'
      : undefined,
};

const informalNotice = (now: Date): Extension => ({
  url: EXTENSION_URLS.deathNotification,
  extension: [
    {
      url: 'deathNotificationStatus',
      valueCodeableConcept: {
        coding: [
          {
            system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
            version: '1.0.0',
            code: '1',
            display: 'Informal - death notice received via an update from a local NHS Organisation such as GP or Trust',
          },
        ],
      },
    },
    { url: 'systemEffectiveDate', valueDateTime: `${londonDate(now)}T00:00:00+00:00` },
  ],
});
