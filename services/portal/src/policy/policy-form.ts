import type { Policy, Weekday } from '../apis/policy-api';
import { checkForm, lower, type Errors, type Field, type Values } from '../forms/form';
import { RHYTHMS, SELECTIONS } from '../samples/sample-view';

const WEEKDAYS: [Weekday, string][] = [
  ['mon', 'Monday'],
  ['tue', 'Tuesday'],
  ['wed', 'Wednesday'],
  ['thu', 'Thursday'],
  ['fri', 'Friday'],
  ['sat', 'Saturday'],
  ['sun', 'Sunday'],
];

const options = (names: Record<string, string>) => Object.entries(names).map(([value, text]) => ({ value, text }));
const number = (name: string, label: string): Field => ({ name, label, kind: 'text', width: 5, inputmode: 'numeric', maxLength: 9, required: `Enter ${lower(label)}` });

const PROCEDURE: readonly Field[] = [
  { ...number('samplePercent', 'Percent of alerts that are checked'), group: 'Procedure' },
  { name: 'rhythm', label: 'How often', kind: 'radios', options: options(RHYTHMS), required: 'Select how often' },
  { name: 'selection', label: 'How they are chosen', kind: 'radios', options: options(SELECTIONS), required: 'Select how they are chosen' },
  {
    name: 'checkedAgainst',
    label: 'Checked against',
    hint: 'One a line, for example consent forms, rota, the viewer’s note',
    kind: 'textarea',
    maxLength: 4000,
    required: 'Enter what alerts are checked against',
  },
  {
    name: 'escalatesTo',
    label: 'Who decides when an officer cannot',
    hint: 'For your procedure, as written down. In this service an alert that is escalated goes to whoever holds the role Caldicott Guardian, whatever you enter here',
    kind: 'text',
    width: 20,
    maxLength: 200,
    required: 'Enter who decides when an officer cannot',
  },
  number('escalateAfterDays', 'Days after which a new alert goes on to the Caldicott Guardian'),
  { name: 'namesWithheld', label: 'Leave names of staff out of answers to subject access requests', kind: 'checkbox' },
  { name: 'namesWithheldReason', label: 'Why names of staff are left out', hint: 'Only if they are. The person is told', kind: 'textarea', maxLength: 500 },
];

const HOURS: readonly Field[] = WEEKDAYS.flatMap(([day, label], index) => [
  { name: `${day}-opens`, label: `${label}, opens`, kind: 'text' as const, width: 5 as const, maxLength: 5, ...(index === 0 && { group: 'Opening hours' }) },
  { name: `${day}-closes`, label: `${label}, closes`, kind: 'text' as const, width: 5 as const, maxLength: 5 },
]);

const RULES: Record<string, string> = {
  'own-record': 'Own record',
  'same-household': 'Same surname and address',
  'staff-record': 'Record of a colleague or of other staff',
  'restricted-patient': 'Restricted patient',
  'deceased-patient': 'Deceased patient',
  'many-patients': 'Many patients in a short time',
  'outside-hours': 'Outside opening hours',
  'search-trawling': 'Many searches, few records opened',
  'repeated-emergency': 'Repeated emergency access',
  'safeguarding-without-contact': 'Safeguarding information without later contact',
  'ended-role': 'A role that has ended',
  'export-or-print': 'Export or print',
  'refusal-burst': 'Many refusals',
  'new-network': 'A client on a new network',
};

const THRESHOLDS: Record<string, string> = {
  afterDays: 'Days since death',
  windowMinutes: 'Within so many minutes',
  windowHours: 'Within so many hours',
  delayHours: 'Hours to wait for a contact',
  patients: 'Patients',
  searches: 'Searches',
  refusals: 'Refusals',
  viewsPercent: 'Records opened, at most percent of searches',
  graceMinutes: 'Minutes of grace',
  learningDays: 'Days of learning',
};

const inputOf = (rule: string, threshold: string): string => `${rule}.${threshold}`;

/** A job role's own number stands beside that of all. */
const labelOf = (threshold: string): string => THRESHOLDS[threshold] ?? (/^R\d{4}$/.test(threshold) ? `Patients, role ${threshold}` : sentence(threshold));

/** `windowMinutes` as `Window minutes`. */
const sentence = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

/** The questions of a policy: its thresholds are those that it has. */
export const policyFields = ({ thresholds }: Pick<Policy, 'thresholds'>): readonly Field[] => [
  ...PROCEDURE,
  ...HOURS,
  ...Object.entries(thresholds).flatMap(([rule, numbers]) =>
    Object.keys(numbers).map((threshold, index): Field => ({
      ...(threshold === 'enabled'
        ? { name: inputOf(rule, threshold), label: 'Raise this alert', kind: 'checkbox' }
        : number(inputOf(rule, threshold), labelOf(threshold))),
      ...(index === 0 && { group: RULES[rule] ?? sentence(rule) }),
    })),
  ),
];

export function policyValues(policy: Omit<Policy, 'version'>): Values {
  const { openingHours, thresholds } = policy;
  return {
    samplePercent: String(policy.samplePercent),
    rhythm: policy.rhythm,
    selection: policy.selection,
    checkedAgainst: policy.checkedAgainst.join('\n'),
    escalatesTo: policy.escalatesTo,
    escalateAfterDays: String(policy.escalateAfterDays),
    namesWithheld: policy.namesWithheldInSubjectAccess ? 'yes' : '',
    namesWithheldReason: policy.namesWithheldReason ?? '',
    ...Object.fromEntries(
      WEEKDAYS.flatMap(([day]) => [
        [`${day}-opens`, openingHours[day]?.[0] ?? ''],
        [`${day}-closes`, openingHours[day]?.[1] ?? ''],
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(thresholds).flatMap(([rule, numbers]) =>
        Object.entries(numbers).map(([threshold, value]) => [inputOf(rule, threshold), threshold === 'enabled' ? (value > 0 ? 'yes' : '') : String(value)]),
      ),
    ),
  };
}

const TIME = /^(([01]?\d|2[0-3]):[0-5]\d|24:00)$/;

export function checkPolicy(fields: readonly Field[], values: Values): Errors {
  const errors = checkForm(fields, values);
  for (const field of fields) {
    const value = values[field.name] ?? '';
    if (field.inputmode === 'numeric' && value && !/^\d{1,7}$/.test(value)) errors[field.name] ??= `${field.label} must be a whole number`;
  }
  const percent = Number(values.samplePercent);
  if (!errors.samplePercent && (percent < 1 || percent > 100)) errors.samplePercent = 'Percent of alerts that are checked must be from 1 to 100';
  if (values.namesWithheld && !values.namesWithheldReason) errors.namesWithheldReason ??= 'Enter why names of staff are left out';
  for (const [day, label] of WEEKDAYS) {
    const [opens, closes] = [`${day}-opens`, `${day}-closes`];
    for (const input of [opens, closes]) {
      if (values[input] && !TIME.test(values[input])) errors[input] ??= 'Enter a time like 09:00 or 17:30';
    }
    if (values[opens] && !values[closes]) errors[closes] ??= `Enter when you close on ${label}, or leave both times empty`;
    if (!values[opens] && values[closes]) errors[opens] ??= `Enter when you open on ${label}, or leave both times empty`;
    if (values[opens] && values[opens] === values[closes]) errors[closes] ??= `The times of ${label} must differ. For all day, enter 00:00 and 24:00`;
  }
  return Object.fromEntries(fields.flatMap(({ name }) => (errors[name] ? [[name, errors[name]]] : [])));
}

/** @param version of the policy that the form showed */
export function policyOf(shown: Pick<Policy, 'thresholds'>, values: Values, version: number): Policy {
  return {
    samplePercent: Number(values.samplePercent),
    rhythm: values.rhythm as Policy['rhythm'],
    selection: values.selection as Policy['selection'],
    checkedAgainst: (values.checkedAgainst ?? '').split('\n').map((line) => line.trim()).filter(Boolean),
    escalatesTo: values.escalatesTo ?? '',
    escalateAfterDays: Number(values.escalateAfterDays),
    namesWithheldInSubjectAccess: values.namesWithheld === 'yes',
    ...(values.namesWithheld === 'yes' && { namesWithheldReason: values.namesWithheldReason }),
    openingHours: Object.fromEntries(
      WEEKDAYS.map(([day]) => {
        const [opens, closes] = [values[`${day}-opens`], values[`${day}-closes`]];
        return [day, opens && closes ? [opens.padStart(5, '0'), closes.padStart(5, '0')] : null];
      }),
    ) as Policy['openingHours'],
    thresholds: Object.fromEntries(
      Object.entries(shown.thresholds).map(([rule, numbers]) => [
        rule,
        Object.fromEntries(
          Object.keys(numbers).map((threshold) => {
            const value = values[inputOf(rule, threshold)] ?? '';
            return [threshold, threshold === 'enabled' ? (value ? 1 : 0) : Number(value)];
          }),
        ),
      ]),
    ),
    version,
  };
}

/** Which answers differ between two policies, in words: `Percent of alerts that are checked: 50, was 40`. */
export function differences(now: Omit<Policy, 'version'>, was: Omit<Policy, 'version'>): string[] {
  const [values, before] = [policyValues(now), policyValues(was)];
  const inWords = (field: Field, value: string | undefined) =>
    field.kind === 'checkbox' ? (value ? 'yes' : 'no') : (field.options?.find((option) => option.value === value)?.text ?? value?.replaceAll('\n', ', ')) || 'nothing';
  let group = '';
  return policyFields(now).flatMap((field) => {
    group = field.group ?? group;
    if ((values[field.name] ?? '') === (before[field.name] ?? '')) return [];
    const label = field.name.includes('.') ? `${group}, ${lower(field.label)}` : field.label;
    return [`${label}: ${inWords(field, values[field.name])}, was ${inWords(field, before[field.name])}`];
  });
}

/** The input that the API's refusal is about, as far as it says: `thresholds.own-record.enabled`, `openingHours.mon`. */
export function inputOfElement(element: string): string {
  const [, rule = '', threshold = ''] = /thresholds\.([\w-]+)\.(\w+)/.exec(element) ?? [];
  if (rule) return inputOf(rule, threshold);
  const day = /openingHours\.(\w{3})/.exec(element)?.[1];
  return day ? `${day}-opens` : element.replace(/\[.*/, '').replace('namesWithheldInSubjectAccess', 'namesWithheld');
}
