import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Patient } from '@carespine/fhir';
import { nameRowsOf, postcodeAsSearched, rowOf, supersededBy } from './patient-row';

const TODAY = '2026-11-24';
const EXAMPLE = JSON.parse(readFileSync(join(__dirname, '../../demo/pds-Patient.json'), 'utf8')) as Patient;

const aPatient = (rest: Partial<Patient> = {}, label = 'U'): Patient => ({
  resourceType: 'Patient',
  id: '9990000018',
  meta: { versionId: '3', security: [{ code: label }] },
  name: [{ id: '1', use: 'usual', family: 'Ó  Briain', given: ['Mary Anne', 'JO'] }],
  gender: 'female',
  birthDate: '1980-02-29',
  ...rest,
});

describe('row of a record', () => {
  it('holds the record as it is, and what an ordinary caller gets only where that differs', () => {
    const plain = rowOf(EXAMPLE, TODAY);
    expect(JSON.parse(plain.record)).toEqual(EXAMPLE);
    expect(plain.served).toBeNull();
    const restricted = rowOf(aPatient({ address: [{ use: 'home', postalCode: 'LS1 6AE' }] }, 'R'), TODAY);
    expect(JSON.parse(restricted.record)).toHaveProperty('address');
    expect(JSON.parse(restricted.served!)).not.toHaveProperty('address');
  });

  it('copies version, birth, gender, death and practice', () => {
    expect(rowOf(EXAMPLE, TODAY)).toMatchObject({
      nhs_number: '9000000009',
      version: 2,
      status: 'active',
      confidentiality: 'U',
      birth_date: '2010-10-22',
      gender: 'female',
      death_date: '2010-10-22',
      general_practitioner: 'Y12345',
    });
  });

  it('has no birth date when only a year or month is known', () => {
    expect(['1980', '1980-02', undefined].map((birthDate) => rowOf(aPatient({ birthDate }), TODAY).birth_date)).toEqual([null, null, null]);
    expect(nameRowsOf(aPatient({ birthDate: '1980-02' }), TODAY)).toEqual([]);
  });

  it('tells superseded from invalidated records', () => {
    const link: Patient['link'] = [{ type: 'replaced-by', other: { reference: 'Patient/9990000026' } }];
    expect(rowOf(aPatient({ link }), TODAY)).toMatchObject({ status: 'superseded', superseded_by: '9990000026' });
    expect(rowOf(aPatient({ link }, 'REDACTED'), TODAY)).toMatchObject({ status: 'superseded', confidentiality: 'U' });
    expect(rowOf(aPatient({}, 'REDACTED'), TODAY)).toMatchObject({ status: 'invalidated', superseded_by: null });
    expect(rowOf(aPatient({ link: [{ type: 'replaces', other: { reference: 'Patient/9990000026' } }] }), TODAY).status).toBe('active');
  });

  it.each([
    [{ identifier: { value: '9990000026' } }, '9990000026'],
    [{ reference: 'Patient/9990000026' }, '9990000026'],
    [{ reference: 'https://example.org/FHIR/R4/Patient/9990000026' }, '9990000026'],
    [{ reference: 'Organization/9990000026' }, undefined],
  ])('reads the successor from %j', (other, successor) => expect(supersededBy(aPatient({ link: [{ type: 'replaced-by', other }] }))).toBe(successor));

  it('sorts postcodes, e-mails and phones into current and previous', () => {
    const ended = { start: '2000-01-01', end: '2019-12-31' };
    const row = rowOf(
      aPatient({
        address: [
          { use: 'home', postalCode: 'ls1 6ae', period: { start: '2020-01-01' } },
          { use: 'home', postalCode: 'LS2 7BB', period: ended },
          { use: 'temp', postalCode: 'M1 1AA', period: ended },
          { use: 'old', postalCode: 'LS1  6AE' },
        ],
        telecom: [
          { system: 'email', use: 'home', value: 'Now@Example.com' },
          { system: 'email', use: 'work', value: 'before@example.com', period: ended },
          { system: 'email', use: 'old', value: 'old@example.com' },
          { system: 'phone', use: 'mobile', value: '+44 7700 900123' },
          { system: 'phone', use: 'home', value: '01632960587', period: ended },
          { system: 'fax', use: 'home', value: '01632960999' },
        ],
      }),
      TODAY,
    );
    expect(row).toMatchObject({
      postcodes: ['LS16AE'],
      previous_postcodes: ['LS27BB', 'M11AA'],
      emails: ['now@example.com'],
      previous_emails: ['before@example.com', 'old@example.com'],
      phones: ['+44 7700 900123'],
      previous_phones: ['01632960587'],
    });
  });

  it('holds the last known home until another replaces it', () => {
    expect(rowOf(EXAMPLE, TODAY)).toMatchObject({ postcodes: ['LS16AE'], previous_postcodes: [] });
  });

  it('keeps a last day whole: a period that ends today has not ended', () => {
    const telecom: Patient['telecom'] = [{ system: 'email', value: 'a@example.com', period: { end: TODAY } }];
    expect(rowOf(aPatient({ telecom }), TODAY).emails).toEqual(['a@example.com']);
    expect(rowOf(aPatient({ telecom }), '2026-11-25').emails).toEqual([]);
  });

  it.each(['R', 'V'])('gives a search no place of a %s record', (label) => {
    const before = rowOf(aPatient({ address: [{ use: 'home', postalCode: 'LS1 6AE' }] }), TODAY);
    const row = rowOf(aPatient({ ...EXAMPLE, meta: { security: [{ code: label }] } }, label), TODAY, before);
    expect([row.postcodes, row.previous_postcodes].flat()).toEqual([]);
    expect(row.general_practitioner).toBeNull();
  });

  it('leaves a restricted record findable by email and phone, and a very restricted one by nothing', () => {
    const row = (code: string) => rowOf(aPatient({ ...EXAMPLE, meta: { security: [{ code }] } }, code), TODAY);
    expect([row('R').previous_emails, row('R').previous_phones].flat()).not.toHaveLength(0);
    expect([row('V').emails, row('V').previous_emails, row('V').phones, row('V').previous_phones].flat()).toEqual([]);
  });

  it('keeps findable as previous what the replaced row held and the record no longer does', () => {
    const before = rowOf(aPatient({ address: [{ use: 'home', postalCode: 'LS1 1AA' }], telecom: [{ system: 'email', value: 'a@example.com' }] }), TODAY);
    const after = rowOf(aPatient({ address: [{ use: 'home', postalCode: 'LS2 2BB' }], telecom: [{ system: 'email', value: 'a@example.com' }] }), TODAY, before);
    expect(after).toMatchObject({ postcodes: ['LS22BB'], previous_postcodes: ['LS11AA'], emails: ['a@example.com'], previous_emails: [] });
  });
});

describe('names by which a search finds a record', () => {
  it('are in lower case, with accents, one element a given name', () => {
    expect(nameRowsOf(aPatient(), TODAY)).toEqual([
      { nhs_number: '9990000018', birth_date: '1980-02-29', family: 'ó briain', given: ['mary anne', 'jo'], previous: false },
    ]);
  });

  it('are previous when old, maiden or ended, but for the usual name, which holds until another replaces it', () => {
    const ended = { start: '2000-01-01', end: '2019-12-31' };
    const previousOf = (name: Patient['name']) => nameRowsOf(aPatient({ name }), TODAY).map(({ previous }) => previous);
    expect(previousOf([{ use: 'usual', family: 'A' }, { use: 'old', family: 'B' }, { use: 'maiden', family: 'C' }])).toEqual([false, true, true]);
    expect(previousOf([{ use: 'usual', family: 'A' }, { use: 'nickname', family: 'B', period: ended }, { use: 'temp', family: 'C' }])).toEqual([false, true, false]);
    expect(previousOf([{ use: 'usual', family: 'A', period: ended }])).toEqual([false]);
    expect(previousOf([{ use: 'usual', family: 'A', period: ended }, { use: 'usual', family: 'B' }])).toEqual([true, false]);
  });

  it('lead from a superseded record to its successor, and from an invalidated or very restricted one nowhere', () => {
    const link: Patient['link'] = [{ type: 'replaced-by', other: { reference: 'Patient/9990000026' } }];
    expect(nameRowsOf(aPatient({ link }, 'REDACTED'), TODAY)).toHaveLength(1);
    expect(nameRowsOf(aPatient({}, 'R'), TODAY)).toHaveLength(1);
    expect(nameRowsOf(aPatient({}, 'REDACTED'), TODAY)).toEqual([]);
    expect(nameRowsOf(aPatient({}, 'V'), TODAY)).toEqual([]);
    expect(nameRowsOf(aPatient({ link }, 'V'), TODAY)).toEqual([]);
  });

  it('stay findable as previous once changed, under the birth date as it is now', () => {
    const before = nameRowsOf(aPatient(), TODAY);
    const after = nameRowsOf(aPatient({ name: [{ use: 'usual', family: 'Smith', given: ['Mary'] }], birthDate: '1981-03-01' }), TODAY, before);
    expect(after).toEqual([
      { nhs_number: '9990000018', birth_date: '1981-03-01', family: 'smith', given: ['mary'], previous: false },
      { nhs_number: '9990000018', birth_date: '1981-03-01', family: 'ó briain', given: ['mary anne', 'jo'], previous: true },
    ]);
  });
});

it('reads postcodes without spaces, in upper case', () => expect(postcodeAsSearched(' ls1  6ae')).toBe('LS16AE'));
