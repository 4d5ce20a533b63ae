import { EXTENSION_URLS, type ContactPoint, type Extension, type Patient } from '@carespine/fhir';
import type { Errors } from '../forms/form';
import { CONTACT_METHODS, contactKind, LANGUAGES, WRITTEN_FORMATS } from '../patients/code-lists';
import { codeOf, currentOf, extensionOf } from '../patients/patient-record';
import type { Area, EditField } from './area';
import { addItem, inOrder, removeItem, replaceItem, setExtension } from './patch-list';

type Kind = Required<Pick<ContactPoint, 'system' | 'use'>>;

const OFFERED: Kind[] = [
  { system: 'phone', use: 'mobile' },
  { system: 'phone', use: 'home' },
  { system: 'phone', use: 'work' },
  { system: 'email', use: 'home' },
  { system: 'other', use: 'home' },
];

const nameOf = ({ system, use }: Pick<ContactPoint, 'system' | 'use'>): string => `${system}-${use}`;
const pointsOf = (patient: Patient) => currentOf(patient.telecom, new Date()).filter((point) => point.system && point.use);

/** What is always offered, and whatever else the record has: one entry a system and use. */
function kindsOf(patient: Patient): Kind[] {
  const kinds = new Map(OFFERED.map((kind) => [nameOf(kind), kind]));
  for (const { system, use } of pointsOf(patient)) if (system && use) kinds.set(nameOf({ system, use }), { system, use });
  return [...kinds.values()];
}

const pointOf = (patient: Patient, kind: Kind) => pointsOf(patient).find((point) => nameOf(point) === nameOf(kind));

/** Numbers are kept without the spaces that people type: a search compares them letter by letter. */
const stored = ({ system }: Kind, typed: string): string =>
  system !== 'email' && /^\+?[\d ()-]+$/.test(typed) ? typed.replace(/[ ()-]/g, '') : typed;

const TEXTPHONE: Extension = {
  url: EXTENSION_URLS.otherContactSystem,
  valueCoding: {
    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem',
    code: 'textphone',
    display: 'Minicom (Textphone)',
  },
};

export const contactDetails: Area = {
  slug: 'contact-details',
  title: 'Change phone numbers and email',
  saved: 'The contact details were changed',
  advice: 'Empty a box to take that number or email off the record.',
  fields: (patient) =>
    kindsOf(patient).map((kind): EditField => {
      const email = kind.system === 'email';
      return {
        name: nameOf(kind),
        label: email ? 'Email address'.concat(kind.use === 'home' ? '' : ` (${kind.use})`) : contactKind(kind.system, kind.use),
        kind: 'text',
        width: email ? 30 : 20,
        type: email ? 'email' : 'tel',
        element: email ? /telecom.*email|email/i : /telecom/,
      };
    }),
  read: (patient) => Object.fromEntries(kindsOf(patient).map((kind) => [nameOf(kind), pointOf(patient, kind)?.value ?? ''])),
  check: (values) => {
    const errors: Errors = {};
    for (const [field, value] of Object.entries(values)) {
      if (!value) continue;
      if (field.startsWith('email-')) {
        const wellFormed = /^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/.test(value) && value.length > 6 && value.length < 90;
        if (!wellFormed) errors[field] = 'Enter an email address in the right form, like name@example.com';
      } else if (!/^\+?[\d ()-]{3,}( ?(x|ext\.?) ?\d+)?$/i.test(value)) {
        errors[field] = 'Enter a phone number, like 01632 960 587 or 07700 900 982';
      }
    }
    return errors;
  },
  patches: (patient, values) =>
    inOrder(
      kindsOf(patient).flatMap((kind) => {
        const current = pointOf(patient, kind);
        const value = stored(kind, values[nameOf(kind)] ?? '');
        if (value === (current?.value ?? '')) return [];
        if (!value) return current ? [removeItem(patient, 'telecom', current)] : [];
        // one that has ended still takes the only place of its system and use
        const entry = current ?? patient.telecom?.find((point) => nameOf(point) === nameOf(kind));
        const next = { ...kind, value, ...(kind.system === 'other' && { extension: entry?.extension ?? [TEXTPHONE] }) };
        return [[entry ? replaceItem(patient, 'telecom', entry, { id: entry.id, ...next }) : addItem('telecom', next)]];
      }),
    ),
};

export const gpPractice: Area = {
  slug: 'gp-practice',
  title: 'Change GP practice',
  saved: 'The GP practice was changed',
  advice: 'Only a GP practice or the national back office should change where a person is registered.',
  fields: () => [
    {
      name: 'practice',
      label: 'GP practice code',
      hint: 'The ODS code of the practice, for example Y12345',
      kind: 'text',
      width: 10,
      maxLength: 10,
      required: 'Enter a GP practice code',
      element: /generalPractitioner/,
    },
  ],
  read: (patient) => ({ practice: patient.generalPractitioner?.[0]?.identifier?.value ?? '' }),
  check: (values): Errors =>
    /^[0-9a-z]{3,10}$/i.test(values.practice ?? '')
      ? {}
      : { practice: 'GP practice code must be 3 to 10 letters and numbers, for example Y12345' },
  patches: (patient, values) => {
    const current = patient.generalPractitioner?.[0];
    const next = {
      type: 'Organization',
      identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: values.practice?.toUpperCase() },
    };
    return [
      current ? replaceItem(patient, 'generalPractitioner', current, { id: current.id, ...next }) : addItem('generalPractitioner', next),
    ];
  },
};

const CODE_SYSTEMS = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-';
const coded = (
  url: string,
  system: string,
  options: readonly { value: string; text: string }[],
  code: string,
  version?: string,
): Extension => ({
  url,
  valueCodeableConcept: {
    coding: [
      {
        system: CODE_SYSTEMS + system,
        ...(version && { version }),
        code,
        display: options.find(({ value }) => value === code)?.text ?? code,
      },
    ],
  },
});

export const communication: Area = {
  slug: 'communication',
  title: 'Change language and interpreter',
  saved: 'The language was changed',
  fields: () => [
    {
      name: 'language',
      label: 'Language',
      hint: 'Leave empty if they speak English',
      kind: 'select',
      options: LANGUAGES,
      element: /language|communication/i,
    },
    {
      name: 'interpreter',
      label: 'Do they need an interpreter?',
      kind: 'radios',
      options: [
        { value: 'yes', text: 'Yes' },
        { value: 'no', text: 'No' },
      ],
      element: /interpreter/,
    },
  ],
  read: (patient) => {
    const current = extensionOf(patient, EXTENSION_URLS.communication);
    const interpreter = extensionOf(current, 'interpreterRequired')?.valueBoolean;
    return { language: codeOf(current, 'language').code, interpreter: interpreter === undefined ? '' : interpreter ? 'yes' : 'no' };
  },
  check: (values): Errors =>
    values.interpreter === 'yes' && !values.language ? { language: 'Select the language that the interpreter needs to speak' } : {},
  patches: (patient, { language = '', interpreter }) =>
    setExtension(
      patient,
      EXTENSION_URLS.communication,
      language
        ? {
            url: EXTENSION_URLS.communication,
            extension: [
              coded('language', 'HumanLanguage', LANGUAGES, language, '1.0.0'),
              ...(interpreter ? [{ url: 'interpreterRequired', valueBoolean: interpreter === 'yes' }] : []),
            ],
          }
        : undefined,
    ),
};

export const contactPreference: Area = {
  slug: 'contact-preference',
  title: 'Change contact preferences',
  saved: 'The contact preferences were changed',
  fields: () => [
    { name: 'method', label: 'Best way to contact', kind: 'select', options: CONTACT_METHODS, element: /PreferredContactMethod/ },
    {
      name: 'times',
      label: 'Best times to contact',
      hint: 'For example, not after 7pm',
      kind: 'text',
      width: 20,
      maxLength: 40,
      element: /PreferredContactTimes/,
    },
    { name: 'format', label: 'Written format', kind: 'select', options: WRITTEN_FORMATS, element: /PreferredWritten/ },
  ],
  read: (patient) => {
    const current = extensionOf(patient, EXTENSION_URLS.contactPreference);
    return {
      method: codeOf(current, 'PreferredContactMethod').code,
      times: extensionOf(current, 'PreferredContactTimes')?.valueString ?? '',
      format: codeOf(current, 'PreferredWrittenCommunicationFormat').code,
    };
  },
  check: (values): Errors => (values.times && !values.method ? { method: 'Select the best way to contact, or remove the times' } : {}),
  patches: (patient, { method = '', times = '', format = '' }) => {
    const extension = [
      ...(format ? [coded('PreferredWrittenCommunicationFormat', 'PreferredWrittenCommunicationFormat', WRITTEN_FORMATS, format)] : []),
      ...(method ? [coded('PreferredContactMethod', 'PreferredContactMethod', CONTACT_METHODS, method)] : []),
      ...(times ? [{ url: 'PreferredContactTimes', valueString: times }] : []),
    ];
    return setExtension(
      patient,
      EXTENSION_URLS.contactPreference,
      extension.length > 0 ? { url: EXTENSION_URLS.contactPreference, extension } : undefined,
    );
  },
};
