import { applyPatch, type Operation } from 'rfc6902';
import type { Patient } from '@carespine/fhir';
import { jane } from '../fixtures/stand-in-apis';
import { checkForm, dateValues, type Values } from '../forms/form';
import { mergeOnto } from './area';
import { AREAS } from './areas';

const area = (slug: string) => {
  const found = AREAS.find((candidate) => candidate.slug === slug);
  if (!found) throw new Error(slug);
  return found;
};

const bare = (): Patient => ({
  resourceType: 'Patient',
  id: '9000000009',
  meta: { versionId: '1' },
  name: [{ id: 'N1', use: 'usual', family: 'Smith' }],
});

function change(patient: Patient, slug: string, values: Values): Patient {
  const next = structuredClone(patient);
  const patches = area(slug).patches(patient, { ...area(slug).read(patient), ...values });
  for (const { path } of patches) if (path.endsWith('/-')) (next as unknown as Record<string, unknown[]>)[path.split('/')[1] ?? ''] ??= [];
  expect(applyPatch(next, patches as Operation[]).filter(Boolean)).toEqual([]);
  return next;
}

const WANTED: [string, Values][] = [
  ['name', { title: 'Dr', first: 'Jane', middle: 'Ann Marie', last: "O'Neill-Smith", suffix: 'MBE' }],
  ['birth-date', dateValues('born', '1985-04-05')],
  ['gender', { gender: 'unknown' }],
  ['death', dateValues('died', '2026-11-01')],
  ['home-address', { building: 'The Mill', street: '2 High Street', locality: 'Headingley', town: 'Leeds', postcode: 'LS6 3AA' }],
  [
    'temporary-address',
    {
      type: 'Holiday Home',
      building: '',
      street: '4 Cliff Road',
      locality: '',
      town: 'Whitby',
      postcode: 'YO21 3NU',
      ...dateValues('from', '2026-11-01'),
      ...dateValues('until', '2026-12-01'),
    },
  ],
  [
    'correspondence-address',
    {
      building: '',
      street: '9 Park Row',
      locality: '',
      town: 'Leeds',
      postcode: 'LS1 5HD',
      ...dateValues('from', '2026-11-01'),
      ...dateValues('until', '2099-12-01'),
    },
  ],
  ['contact-details', { 'phone-mobile': '07700900982', 'phone-home': '', 'email-home': 'jane@example.org' }],
  ['gp-practice', { practice: 'B86044' }],
  ['communication', { language: 'q4', interpreter: 'no' }],
  ['contact-preference', { method: '3', times: 'Mornings', format: '11' }],
];

describe('a change of an area', () => {
  it.each(WANTED)('of %s: the record then reads as the form did, for a full record and for a bare one', (slug, values) => {
    for (const patient of [jane(), bare()]) {
      expect(area(slug).read(change(patient, slug, values))).toMatchObject(values);
    }
  });

  it.each(WANTED)('of %s leaves everything else as it was', (slug, values) => {
    const next = change(jane(), slug, values);
    for (const other of AREAS.filter((candidate) => candidate.slug !== slug)) expect(other.read(next)).toEqual(other.read(jane()));
  });
});

describe('demographics specification: addressing rules', () => {
  it('replaces a whole item with its object id', () =>
    expect(area('name').patches(jane(), { ...area('name').read(jane()), last: 'Jones' })).toEqual([
      {
        op: 'replace',
        path: '/name/1',
        value: { id: 'N1', use: 'usual', family: 'Jones', given: ['Jane', 'Marie'], prefix: ['Mrs'], suffix: ['MBE'] },
      },
    ]));

  it('adds a new item at the end, without id', () =>
    expect(area('gp-practice').patches(bare(), { practice: 'b86044' })).toEqual([
      {
        op: 'add',
        path: '/generalPractitioner/-',
        value: { type: 'Organization', identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'B86044' } },
      },
    ]));

  it('tests an item by its id right before it removes it, highest index first', () =>
    expect(area('contact-details').patches(jane(), { 'phone-work': '0113 496 0000' })).toEqual([
      { op: 'add', path: '/telecom/-', value: { system: 'phone', use: 'work', value: '01134960000' } },
      { op: 'test', path: '/telecom/1/id', value: 'T2' },
      { op: 'remove', path: '/telecom/1' },
      { op: 'test', path: '/telecom/0/id', value: 'T1' },
      { op: 'remove', path: '/telecom/0' },
    ]));

  it('gives a number that ended its place back: one entry a system and use', () =>
    expect(area('contact-details').patches(jane(), { ...area('contact-details').read(jane()), 'phone-mobile': '07700 900 982' })).toEqual([
      { op: 'replace', path: '/telecom/2', value: { id: 'T3', system: 'phone', use: 'mobile', value: '07700900982' } },
    ]));

  it('keeps a number as a search compares it, and sends nothing when that is what the record has', () =>
    expect(area('contact-details').patches(jane(), { ...area('contact-details').read(jane()), 'phone-home': '01632 960-587' })).toEqual(
      [],
    ));

  it('tests an extension by its url', () =>
    expect(area('communication').patches(jane(), { language: '', interpreter: '' })).toEqual([
      { op: 'test', path: '/extension/1/url', value: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication' },
      { op: 'remove', path: '/extension/1' },
    ]));

  it('takes an address off the record', () =>
    expect(area('temporary-address').removal?.(jane())).toEqual([
      { op: 'test', path: '/address/2/id', value: 'A2' },
      { op: 'remove', path: '/address/2' },
    ]));

  it('adds a death together with its informal notice', () => {
    const [date, notice] = area('death').patches(bare(), dateValues('died', '2026-11-01'));
    expect(date).toEqual({ op: 'add', path: '/deceasedDateTime', value: '2026-11-01T00:00:00+00:00' });
    expect(notice).toMatchObject({
      op: 'add',
      path: '/extension/-',
      value: { extension: [{ valueCodeableConcept: { coding: [{ code: '1' }] } }, { url: 'systemEffectiveDate' }] },
    });
  });
});

describe('demographics specification: what a change may hold', () => {
  it.each<[string, Values, string]>([
    ['name', { last: 'Sm`th' }, 'last'],
    ['name', { last: '' }, 'last'],
    ['name', { middle: 'A B C D E' }, 'middle'],
    ['name', { suffix: 'mbe' }, 'suffix'],
    ['birth-date', dateValues('born', '2999-01-01'), 'born'],
    ['death', dateValues('died', '1980-01-01'), 'died'],
    ['death', dateValues('died', '2999-01-01'), 'died'],
    ['home-address', { town: '' }, 'town'],
    ['home-address', { street: '', building: '' }, 'street'],
    ['home-address', { postcode: 'nowhere' }, 'postcode'],
    ['temporary-address', { ...dateValues('from', '2026-01-01'), ...dateValues('until', '2026-04-02') }, 'until'],
    ['temporary-address', { type: 'Castle' }, 'type'],
    ['correspondence-address', { ...dateValues('from', '2026-02-01'), ...dateValues('until', '2026-01-01') }, 'until'],
    ['contact-details', { 'email-home': 'a@b.c' }, 'email-home'],
    ['contact-details', { 'phone-mobile': 'call me' }, 'phone-mobile'],
    ['gp-practice', { practice: 'Y12 345' }, 'practice'],
    ['communication', { language: '', interpreter: 'yes' }, 'language'],
    ['communication', { language: 'en' }, 'language'],
    ['contact-preference', { method: '', times: 'Mornings' }, 'method'],
    ['contact-preference', { times: 'x'.repeat(41) }, 'times'],
  ])('%s refuses %p', (slug, values, field) => {
    const all = { ...area(slug).read(jane()), ...values };
    expect({ ...area(slug).check?.(all, jane()), ...checkForm(area(slug).fields(jane()), all) }).toHaveProperty([field]);
  });

  it('takes no fixed abode without any line', () => expect(area('home-address').check?.({ postcode: 'zz99 3vz' }, jane())).toEqual({}));
});

describe('a change on top of somebody else’s', () => {
  it('keeps what the user did not touch as it is now', () => {
    const fields = area('name').fields(jane());
    const was = { title: 'Miss', first: 'Jane', middle: '', last: 'Jones', suffix: '' };
    const now = { ...was, title: 'Mrs', last: 'Smith' };
    const yours = { ...was, title: 'Dr', middle: 'Ann' };
    expect(mergeOnto(fields, now, was, yours)).toEqual({ title: 'Dr', first: 'Jane', middle: 'Ann', last: 'Smith', suffix: '' });
  });
});
