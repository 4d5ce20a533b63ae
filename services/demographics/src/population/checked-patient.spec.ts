import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Patient } from '@carespine/fhir';
import { Refusal } from '@carespine/line-import';
import { checkedPatient } from './checked-patient';

const TODAY = '2026-11-24';
const aPatient = (rest: object = {}) => ({
  resourceType: 'Patient',
  id: '9990000018',
  identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
  meta: { versionId: '7', security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'U', display: 'unrestricted' }] },
  name: [{ id: '1', use: 'usual', family: "O'Brien-Łukasz", given: ['Zoë Anne'] }],
  birthDate: '1980-02-29',
  ...rest,
});
const usual = { id: '1', use: 'usual', family: 'Smith' };

function refusalOf(value: unknown): Refusal | undefined {
  try {
    checkedPatient(value, TODAY);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe('an imported Patient', () => {
  it.each(['Patient', 'Sensitive_Patient', 'Minimal_Patient'])('is taken as it stands: the published example %s', (name) => {
    const text = readFileSync(join(__dirname, '../../demo', `pds-${name}.json`), 'utf8');
    expect(checkedPatient(JSON.parse(text), TODAY)).toEqual(JSON.parse(text));
  });

  it('may have partial dates, previous names, addresses and telecoms, and be superseded', () => {
    for (const rest of [
      { birthDate: '1980' },
      { birthDate: '1980-02', deceasedDateTime: '1980' },
      { deceasedDateTime: '2020-01-01T00:00:00+00:00' },
      { name: [usual, { use: 'old', family: 'Jones' }, { use: 'usual', family: 'Brown', period: { start: '2000-01-01', end: '2010-01-01' } }] },
      { address: [{ use: 'old', line: ['1 High Street'] }], telecom: [{ system: 'email', use: 'old', value: 'a@example.com' }] },
      { link: [{ type: 'replaced-by', other: { identifier: { value: '9990000026' } } }] },
      { link: [{ type: 'replaced-by', other: { reference: 'Patient/9990000026' } }] },
      { active: true, text: { status: 'generated', div: '<div>x</div>' } },
    ]) {
      expect(refusalOf(aPatient(rest))).toBeUndefined();
    }
  });

  it('is completed with identifier, label and object ids, the same each time', () => {
    const bare = () => ({ ...aPatient({ name: [{ use: 'usual', family: 'Smith' }] }), identifier: [], meta: { versionId: '1' } });
    const one = checkedPatient(JSON.parse(JSON.stringify(bare())), TODAY);
    expect(one.identifier![0]!.value).toBe('9990000018');
    expect(one.meta!.security![0]!.code).toBe('U');
    expect(one.name![0]!.id).toMatch(/^[0-9A-F]{8}$/);
    expect(checkedPatient(JSON.parse(JSON.stringify(bare())), TODAY)).toEqual(one);
  });

  it('keeps the place of a blank address line', () => {
    const { address } = checkedPatient(aPatient({ address: [{ use: 'home', line: [null, '1 High Street'], _line: [{ extension: [] }, null] }] }), TODAY);
    expect(address![0]!.line).toEqual(['', '1 High Street']);
    expect(address![0]).not.toHaveProperty('_line');
  });
});

describe('an import refuses', () => {
  it.each<[string, unknown, string | undefined]>([
    ['a list', [], undefined],
    ['null', null, undefined],
    ['another resource', { resourceType: 'Observation' }, 'Patient.resourceType'],
    ['a number without the right check digit', aPatient({ id: '9990000019' }), 'Patient.id'],
    ['no number', aPatient({ id: undefined }), 'Patient.id'],
    ['an identifier that does not agree with the id', aPatient({ identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000026' }] }), 'Patient.identifier[0].value'],
    ['an identifier of another system', aPatient({ identifier: [{ system: 'urn:x', value: '9990000018' }] }), 'Patient.identifier[0].system'],
    ['no meta', aPatient({ meta: undefined }), 'Patient.meta'],
    ['version 0', aPatient({ meta: { versionId: '0' } }), 'Patient.meta.versionId'],
    ['a version that is a number', aPatient({ meta: { versionId: 7 } }), 'Patient.meta.versionId'],
    ['an unknown label', aPatient({ meta: { versionId: '1', security: [{ code: 'N' }] } }), 'Patient.meta.security[0].code'],
    ['two labels', aPatient({ meta: { versionId: '1', security: [{ code: 'U' }, { code: 'R' }] } }), 'Patient.meta.security'],
    ['names without a usual one', aPatient({ name: [{ use: 'old', family: 'Smith' }] }), 'Patient.name'],
    ['two usual names', aPatient({ name: [usual, { ...usual, id: '2' }] }), 'Patient.name'],
    ['an official name', aPatient({ name: [usual, { use: 'official', family: 'Smith' }] }), 'Patient.name[1].use'],
    ['a name without family', aPatient({ name: [{ use: 'usual', given: ['Jane'] }] }), 'Patient.name[0].family'],
    ['a letter that names cannot have', aPatient({ name: [{ ...usual, family: 'O`Brien' }] }), 'Patient.name[0].family'],
    ['a family name of 36 letters', aPatient({ name: [{ ...usual, family: 'x'.repeat(36) }] }), 'Patient.name[0].family'],
    ['six given names', aPatient({ name: [{ ...usual, given: ['a', 'b', 'c', 'd', 'e', 'f'] }] }), 'Patient.name[0].given'],
    ['given that is not a list', aPatient({ name: [{ ...usual, given: 'Jane' }] }), 'Patient.name[0].given'],
    ['an object id that repeats', aPatient({ name: [usual, { ...usual, use: 'old' }] }), 'Patient.name[1].id'],
    ['an unknown gender', aPatient({ gender: 'm' }), 'Patient.gender'],
    ['a birth date that does not exist', aPatient({ birthDate: '1981-02-29' }), 'Patient.birthDate'],
    ['a birth date of another shape', aPatient({ birthDate: '29/02/1980' }), 'Patient.birthDate'],
    ['a birth in the future', aPatient({ birthDate: '2026-11-25' }), 'Patient.birthDate'],
    ['a death before the birth', aPatient({ deceasedDateTime: '1979-12-31' }), 'Patient.deceasedDateTime'],
    ['birth order 10', aPatient({ multipleBirthInteger: 10 }), 'Patient.multipleBirthInteger'],
    ['an address without use', aPatient({ address: [{ line: ['x'] }] }), 'Patient.address[0].use'],
    ['six address lines', aPatient({ address: [{ use: 'home', line: ['1', '2', '3', '4', '5', '6'] }] }), 'Patient.address[0].line'],
    ['a telecom without value', aPatient({ telecom: [{ system: 'phone' }] }), 'Patient.telecom[0].value'],
    ['a telecom of an unknown system', aPatient({ telecom: [{ system: 'carrier-pigeon', value: '1' }] }), 'Patient.telecom[0].system'],
    ['an e-mail without @', aPatient({ telecom: [{ system: 'email', value: 'jane.example.com' }] }), 'Patient.telecom[0].value'],
    ['a period that ends before it starts', aPatient({ name: [{ ...usual, period: { start: '2020-01-02', end: '2020-01-01' } }] }), 'Patient.name[0].period'],
    ['a practice that is not an ODS code', aPatient({ generalPractitioner: [{ identifier: { value: 'y-1' } }] }), 'Patient.generalPractitioner[0].identifier.value'],
    ['a successor whose number is not valid', aPatient({ link: [{ type: 'replaced-by', other: { reference: 'Patient/9990000019' } }] }), 'Patient.link'],
    ['a successor that is not a number', aPatient({ link: [{ type: 'replaced-by', other: { identifier: { value: 5 } } }] }), 'Patient.link'],
    ['a record that replaces itself', aPatient({ link: [{ type: 'replaced-by', other: { reference: 'Patient/9990000018' } }] }), 'Patient.link'],
    ['what it cannot keep faithfully', aPatient({ deceasedBoolean: true }), 'Patient'],
    ['an element that FHIR does not know', aPatient({ nhsNumber: '9990000018' }), 'Patient'],
    ['a control character', aPatient({ extension: [{ url: 'x', valueString: 'a\u0000b' }] }), 'Patient.extension'],
    ['half a character', aPatient({ extension: [{ url: 'x', valueString: '\ud800' }] }), 'Patient.extension'],
  ])('%s', (_, value, expression) => {
    const refusal = refusalOf(value && typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal!.expression).toBe(expression);
  });

  it('what is nested too deeply', () => {
    const deep = JSON.parse(`${'{"extension":['.repeat(40)}1${']}'.repeat(40)}`) as object;
    expect(refusalOf(aPatient({ extension: [deep] }))!.expression).toBe('Patient.extension');
  });

  it('anything else that is wrong, and never fails in another way nor repeats what stands in the line', () => {
    const hostile = fc.oneof(fc.jsonValue(), fc.constant(null), fc.constant([null]), fc.constant([[]]), fc.constant({ value: null }), fc.constant([{}]));
    const elements = Object.keys(aPatient({ address: 0, telecom: 0, contact: 0, generalPractitioner: 0, managingOrganization: 0, extension: 0, link: 0 }));
    fc.assert(
      fc.property(fc.constantFrom(...elements), hostile, (element, value) => {
        const refusal = refusalOf(JSON.parse(JSON.stringify(aPatient({ [element]: value }))));
        expect(refusal?.message ?? '').not.toContain('Zoë');
      }),
      { numRuns: 2000 },
    );
  });
});

it('reads what the type says', () => {
  const patient: Patient = checkedPatient(aPatient(), TODAY);
  expect(patient.id).toBe('9990000018');
});
