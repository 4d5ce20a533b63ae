import type { Patient } from '@carespine/fhir';
import fc from 'fast-check';
import { aDeadPatient, aMinimalPatient, aPatient, aPatientWithout, coded, URL } from './testing/example-patients';
import { sameJson } from './json';
import { outcomeOf } from './testing/outcome-of';

const RUNS = 2_500;

/** What holds of every new record, whatever the request was. Plain comparisons: `expect` would take most of the time. */
function faultsOf(before: Patient, after: Patient): string[] {
  const items = [after.name, after.address, after.telecom, after.contact, after.generalPractitioner].flatMap(
    (list): { id?: string }[] => list ?? [],
  );
  const lists = [after.name, after.address, after.telecom, after.contact, after.generalPractitioner, after.extension];
  const usualNames = ({ name }: Patient) => name?.filter(({ use }) => use === 'usual').length ?? 0;
  const urls = after.extension?.map(({ url }) => url) ?? [];
  const rules: Record<string, boolean> = {
    'the version is raised by exactly one': Number(after.meta?.versionId) === Number(before.meta?.versionId) + 1,
    'the label stays': sameJson(after.meta?.security, before.meta?.security),
    'resourceType, id, identifier and link stay': (['resourceType', 'id', 'identifier', 'link'] as const).every((member) =>
      sameJson(after[member], before[member]),
    ),
    'no member is unknown': Object.keys(after).every((member) => MEMBERS_OF_PATIENT.includes(member)),
    'exactly one usual name, or none where there was none':
      usualNames(after) === 1 || (usualNames(before) === 0 && usualNames(after) === 0),
    'the usual name is the same': (before.name ?? []).every(({ use, id }) => use !== 'usual' || after.name?.some((name) => name.id === id)),
    'birthDate, gender and deceasedDateTime are not lost': (['birthDate', 'gender', 'deceasedDateTime'] as const).every(
      (member) => before[member] === undefined || after[member] !== undefined,
    ),
    'every item has an id of its own':
      items.every(({ id }) => typeof id === 'string') && new Set(items.map(({ id }) => id)).size === items.length,
    'no list is empty': lists.every((list) => list?.length !== 0),
    'names are within their limits': (after.name ?? []).every(
      ({ use, family, given }) =>
        use !== undefined && family !== undefined && family.length <= 35 && given?.length !== 0 && (given?.length ?? 0) <= 5,
    ),
    'no address line is blank': (after.address ?? []).every(({ line }) => line === undefined || line.every((text) => text.trim() !== '')),
    'an extension stands once': new Set(urls).size === urls.length,
    'death and its notification stand together': (after.deceasedDateTime === undefined) === !urls.includes(URL.death),
    'formal death is not touched': before.deceasedDateTime === undefined || !isFormal(before) || sameJson(deathOf(after), deathOf(before)),
    'formal death is not set': isFormal(before) || !isFormal(after),
    'no prototype is polluted': !('polluted' in {}) && Object.keys(Object.prototype).length === 0,
  };
  return Object.keys(rules).filter((rule) => !rules[rule]);
}

const MEMBERS_OF_PATIENT = [...Object.keys(aPatient()), 'deceasedDateTime'];
const deathOf = ({ deceasedDateTime, extension }: Patient) => [deceasedDateTime, extension?.find(({ url }) => url === URL.death)];
const isFormal = (patient: Patient) => JSON.stringify(deathOf(patient)).includes('"code":"2"');

const records = fc.constantFrom<() => Patient>(
  aPatient,
  aMinimalPatient,
  () => aDeadPatient('1'),
  () => aDeadPatient('2'),
  () => aPatientWithout('extension', 'telecom'),
);

const segment = fc.constantFrom(
  ...[
    'name',
    'address',
    'telecom',
    'contact',
    'extension',
    'generalPractitioner',
    'managingOrganization',
    'gender',
    'birthDate',
    'deceasedDateTime',
  ],
  ...[
    'multipleBirthInteger',
    'id',
    'url',
    'use',
    'family',
    'given',
    'prefix',
    'suffix',
    'line',
    'postalCode',
    'text',
    'period',
    'start',
    'end',
    'value',
  ],
  ...[
    'system',
    'identifier',
    'relationship',
    'coding',
    'code',
    'valueReference',
    'valueCodeableConcept',
    'valueAddress',
    'valueBoolean',
    'meta',
    'link',
  ],
  ...['0', '1', '2', '3', '4', '5', '-', '01', '-1', '1e3', '__proto__', 'constructor', 'prototype', 'length', '~0', '~1', '~', '', 'pets'],
);

const period = fc.record(
  { start: fc.constantFrom('2020-01-01', '2026-06-01', '2030-01-01', '2020-1-1'), end: fc.constantFrom('2026-06-30', '2019-01-01') },
  { requiredKeys: [] },
);
const word = fc.constantFrom(
  '',
  ' ',
  'Joe',
  'Dr.',
  'phD',
  'PhD',
  'O`Brien',
  'Jo Adele',
  'x'.repeat(36),
  '2010-10-22',
  '2020-01-01T00:00:00+01:00',
  'male',
  'usual',
  'home',
);
const item = fc.record(
  {
    id: fc.constantFrom('123', '124', '456', 'T456', '789', '791', 'C123', '254406A3', 'x'),
    use: fc.constantFrom('usual', 'old', 'nickname', 'home', 'temp', 'billing', 'work', 'mobile', 'official'),
    family: word,
    given: fc.array(word, { maxLength: 6 }),
    prefix: fc.array(word, { maxLength: 2 }),
    suffix: fc.array(word, { maxLength: 2 }),
    line: fc.array(word, { maxLength: 6 }),
    postalCode: fc.constantFrom('LS1 6AE', 'ZZ99 3VZ'),
    text: fc.constantFrom('Second Home', 'Tent'),
    system: fc.constantFrom('phone', 'email', 'other', 'fax', 'pager'),
    value: fc.constantFrom('jane.smith@example.com', '01632960587', ''),
    period,
  },
  { requiredKeys: [] },
);
const extension = fc.record(
  {
    url: fc.constantFrom(...Object.values(URL), 'language', 'x'),
    extension: fc.array(
      fc.constantFrom(
        coded('language', 'fr'),
        coded('language', 'en'),
        coded('deathNotificationStatus', '1'),
        coded('deathNotificationStatus', '2'),
        coded('PreferredContactMethod', '1'),
        {
          url: 'interpreterRequired',
          valueBoolean: false,
        },
      ),
      { maxLength: 3 },
    ),
    valueReference: fc.constantFrom({ identifier: { value: 'FWC87' } }, { identifier: { value: '-' } }, {}),
    valueAddress: fc.constantFrom({ city: 'Leeds' }, {}, { country: 'GBR' }),
  },
  { requiredKeys: ['url'] },
);
const value = fc.oneof(word, item, extension, fc.jsonValue(), fc.integer({ min: 0, max: 10 }), fc.constant(aPatient().name?.[1]));

const operation = fc.record(
  {
    op: fc.constantFrom('add', 'add', 'replace', 'replace', 'remove', 'test', 'move'),
    path: fc.array(segment, { maxLength: 6 }).map((path) => path.map((token) => `/${token}`).join('')),
    value,
  },
  { requiredKeys: ['op', 'path'] },
);

/** Operations that reach the rules of the elements: right in their addressing, anything in their values. */
const LISTS = {
  name: ['123', '124'],
  address: ['456', 'T456', 'W456'],
  telecom: ['789', '790', '791', 'OC789'],
  contact: ['C123'],
  generalPractitioner: ['254406A3'],
};
const MEMBERS = {
  name: ['use', 'family', 'given', 'given/0', 'prefix', 'suffix', 'period', 'period/end', 'period/start'],
  address: ['use', 'line', 'line/0', 'line/-', 'postalCode', 'text', 'period', 'period/end', 'extension', 'extension/0'],
  telecom: ['use', 'system', 'value', 'period', 'extension'],
  contact: ['relationship', 'relationship/0', 'telecom', 'telecom/0/value', 'period'],
  generalPractitioner: ['type', 'identifier', 'identifier/value', 'identifier/period'],
};
const addressed = fc.constantFrom(...(Object.keys(LISTS) as (keyof typeof LISTS)[])).chain((list) => {
  const index = fc.nat(LISTS[list].length - 1);
  const part = fc
    .record({ index, member: fc.constantFrom(...MEMBERS[list]), op: fc.constantFrom('add', 'replace', 'remove'), value })
    .map(({ index: at, member, op, value: given }) => [
      { op: 'test', path: `/${list}/${at}/id`, value: LISTS[list][at] },
      { op, path: `/${list}/${at}/${member}`, value: given },
    ]);
  const whole = fc
    .record({ index, item })
    .map(({ index: at, item: given }) => [{ op: 'replace', path: `/${list}/${at}`, value: { ...given, id: LISTS[list][at] } }]);
  const added = item.map(({ id: _, ...given }) => [{ op: 'add', path: `/${list}/-`, value: given }]);
  const removed = index.map((at) => [
    { op: 'test', path: `/${list}/${at}/id`, value: LISTS[list][at] },
    { op: 'remove', path: `/${list}/${at}` },
  ]);
  return fc.oneof(part, whole, added, removed);
});
const scalars = fc.record({
  op: fc.constantFrom('add', 'replace', 'remove'),
  path: fc.constantFrom('/gender', '/birthDate', '/deceasedDateTime', '/multipleBirthInteger', '/managingOrganization'),
  value,
});
const semiValid = fc.oneof(
  addressed,
  scalars.map((one) => [one]),
  extension.map((one) => [{ op: 'add', path: '/extension/-', value: one }]),
);

/** Runs an update: only a Fault may come of it, or a patient that is one; the arguments stay as they were. */
function isAccepted(make: () => Patient, body: unknown): boolean {
  const record = make();
  const given = structuredClone(body);
  let ids = 0;
  const outcome = outcomeOf(record, body, { newObjectId: () => `NEW${++ids}` });
  if (!sameJson(record, make()) || !sameJson(body, given)) throw new Error('the update changed its arguments');
  if (typeof outcome === 'string') return false;
  const faults = faultsOf(record, outcome);
  if (faults.length > 0) throw new Error(`not so: ${faults.join('; ')} ${JSON.stringify(outcome)}`);
  return true;
}

describe('PDS update, hostile and semi-valid requests', () => {
  it('any JSON is refused or ignored, never a crash', () => {
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ patches: fc.jsonValue() }),
      fc.record({ patches: fc.array(fc.oneof(operation, fc.jsonValue()), { maxLength: 4 }) }),
    );
    fc.assert(
      fc.property(records, body, (make, given) => void isAccepted(make, given)),
      { numRuns: RUNS },
    );
  });

  it('operations with well-known paths and values', () => {
    fc.assert(
      fc.property(records, fc.array(operation, { minLength: 1, maxLength: 4 }), (make, patches) => void isAccepted(make, { patches })),
      { numRuns: RUNS },
    );
  });

  it('rightly addressed operations with any values', () => {
    let accepted = 0;
    fc.assert(
      fc.property(records, fc.array(semiValid, { minLength: 1, maxLength: 2 }), (make, patches) => {
        if (isAccepted(make, { patches: patches.flat() })) accepted++;
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS / 50); // else the rules after the addressing were hardly reached
  });
});
