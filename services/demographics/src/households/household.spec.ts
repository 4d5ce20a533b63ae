import type { Patient } from '@carespine/fhir';
import { householdOf, isShared } from './household';

const aPatient = (family: string, line: string[], postalCode: string, rest: Partial<Patient> = {}): Patient => ({
  resourceType: 'Patient',
  id: '9990000018',
  name: [{ use: 'usual', family }],
  address: [{ use: 'home', line, postalCode }],
  ...rest,
});
const SMITH = aPatient('Smith', ['', '1 High Street', 'Leeds'], 'LS1 6AE');

describe('audit specification, "Platform (policy)": same surname and address as the user', () => {
  it.each([
    ['the same', true, aPatient('Smith', ['1 High Street', 'Leeds'], 'LS1 6AE')],
    ['case, spaces and punctuation aside', true, aPatient('SMITH', ['1, HIGH  STREET.'], 'ls16ae')],
    ['accents aside', true, aPatient('Smíth', ['1 High Street'], 'LS1 6AE')],
    ['another surname', false, aPatient('Jones', ['1 High Street'], 'LS1 6AE')],
    ['another house', false, aPatient('Smith', ['2 High Street'], 'LS1 6AE')],
    ['another postcode', false, aPatient('Smith', ['1 High Street'], 'LS1 6AF')],
    ['an address that is past', false, aPatient('Smith', [], '', { address: [{ use: 'old', line: ['1 High Street'], postalCode: 'LS1 6AE' }] })],
    ['a name that is past', false, aPatient('', [], '', { ...SMITH, name: [{ use: 'old', family: 'Smith' }, { use: 'usual', family: 'Jones' }] })],
    ['nothing known', false, { resourceType: 'Patient', id: '9990000026' } as Patient],
    ['no first line', false, aPatient('Smith', ['', ''], 'LS1 6AE')],
  ] as [string, boolean, Patient][])('%s: %s', (_, shares, other) => expect(isShared(householdOf(SMITH, '2026-11-24'), householdOf(other, '2026-11-24'))).toBe(shares));
});
