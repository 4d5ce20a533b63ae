import fc from 'fast-check';
import { EXTENSION_URLS, isNhsNumber, type Patient } from '@carespine/fhir';
import { rowOf, supersededBy } from '../patients/patient-row';
import { checkedPatient } from './checked-patient';
import { generate, LARGEST_POPULATION, nhsNumberOf, SLOTS } from './generate';

const TODAY = '2026-11-24';
const anIndex = fc.nat(LARGEST_POPULATION - 1);
const aSeed = fc.nat(2 ** 31 - 1);
const thousand = Array.from({ length: 1000 }, (_, index) => generate(7, index));
const inSlots = (slots: Set<number>) => [...slots].map((slot) => thousand[slot]!);
const label = (patient: Patient) => patient.meta!.security![0]!.code;

describe('NHS numbers of the generated population', () => {
  it('are valid, in the test ranges 910 to 989, and rise with the index', () => {
    fc.assert(
      fc.property(anIndex, (index) => {
        const number = nhsNumberOf(index);
        expect(isNhsNumber(number)).toBe(true);
        expect(number >= '9100000000' && number < '9900000000').toBe(true);
        if (index > 0) expect(number > nhsNumberOf(index - 1)).toBe(true);
      }),
    );
  });
});

describe('a generated person', () => {
  it('is the same whenever it is made', () => {
    fc.assert(fc.property(aSeed, anIndex, (seed, index) => expect(generate(seed, index)).toEqual(generate(seed, index))), { numRuns: 50 });
  });

  it('differs by seed', () => expect(generate(1, 0)).not.toEqual(generate(2, 0)));

  it('is a record that an import would take', () => {
    fc.assert(
      fc.property(aSeed, anIndex, (seed, index) => {
        const patient = generate(seed, index);
        expect(patient.id).toBe(nhsNumberOf(index));
        expect(checkedPatient(JSON.parse(JSON.stringify(patient)), TODAY)).toEqual(patient);
      }),
      { numRuns: 500 },
    );
    for (const patient of thousand) expect(checkedPatient(JSON.parse(JSON.stringify(patient)), TODAY)).toEqual(patient);
  });
});

describe('every thousand people', () => {
  it('has merges that end in a live record', () => {
    for (const patient of inSlots(SLOTS.superseded)) {
      const successor = thousand.find(({ id }) => id === supersededBy(patient))!;
      expect(rowOf(successor, TODAY).status).toBe('active');
      expect(successor.name![0]!.family).toBe(patient.name![0]!.family);
      expect(successor.birthDate).toBe(patient.birthDate);
    }
  });

  it('has twins of one family, address and birth date', () => {
    for (const slot of SLOTS.secondTwin) {
      const [first, second] = [thousand[slot - 1]!, thousand[slot]!];
      expect(second.birthDate).toBe(first.birthDate);
      expect(second.address![0]).toEqual(first.address![0]);
      expect([first.multipleBirthInteger, second.multipleBirthInteger]).toEqual([1, 2]);
      expect(second.name![0]!.given).not.toEqual(first.name![0]!.given);
    }
  });

  it('has restricted, very restricted, invalidated and dead people', () => {
    expect(inSlots(SLOTS.restricted).map(label)).toEqual(Array(5).fill('R'));
    expect(inSlots(SLOTS.veryRestricted).map(label)).toEqual(['V']);
    expect(inSlots(SLOTS.invalidated).map(label)).toEqual(['REDACTED', 'REDACTED']);
    const status = ({ extension }: Patient) => extension!.find(({ url }) => url === EXTENSION_URLS.deathNotification)!.extension![0]!.valueCodeableConcept!.coding![0]!.code;
    expect(new Set(inSlots(SLOTS.deceasedFormal).map(status))).toEqual(new Set(['2']));
    expect(new Set(inSlots(SLOTS.deceasedInformal).map(status))).toEqual(new Set(['1']));
  });

  it('has partial birth dates, temporary addresses, removals, former names and addresses', () => {
    expect(inSlots(SLOTS.birthMonthOnly)[0]!.birthDate).toMatch(/^\d{4}-\d{2}$/);
    expect(inSlots(SLOTS.birthYearOnly)[0]!.birthDate).toMatch(/^\d{4}$/);
    expect(inSlots(SLOTS.temporaryAddress).every(({ address }) => address!.some(({ use }) => use === 'temp'))).toBe(true);
    expect(inSlots(SLOTS.removed).every(({ extension }) => extension!.some(({ url }) => url === EXTENSION_URLS.removal))).toBe(true);
    const rows = thousand.map((patient) => rowOf(patient, TODAY));
    expect(rows.filter(({ previous_postcodes }) => previous_postcodes.length > 0).length).toBeGreaterThan(100);
    expect(thousand.filter(({ name }) => name!.some(({ use }) => use === 'maiden')).length).toBeGreaterThan(20);
  });
});
