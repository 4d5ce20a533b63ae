import { aPatient, AT, URL } from './testing/example-patients';
import { outcomeOf } from './testing/outcome-of';
import { add, remove, replace, test } from './testing/rule-cases';

const notPermitted =
  'INVALID_UPDATE: Invalid update with error - This user does not have permission to update the fields in the patches provided.';
const mobile = { id: '791', system: 'phone', use: 'mobile', value: '07700900001' };
const email = { id: '790', system: 'email', use: 'home', value: 'jane@example.com' };
const home = { id: '456', use: 'home', line: ['', '23 Mill Lane', '', 'Leeds'], postalCode: 'LS1 4BU' };
const pharmacy = { url: URL.pharmacy, valueReference: { identifier: { value: 'FWC87' } } };
const language = { url: 'language', valueCodeableConcept: { coding: [{ code: 'de' }] } };
const contact = aPatient().contact?.[0];

describe('PDS update, what each mode may change: patient', () => {
  it.each<[string, unknown[]]>([
    ['address', [replace('/address/0', home)]],
    ['communication', [replace(AT.communication, { url: URL.communication, extension: [language] })]],
    ['emergency contact', [replace('/contact/0', contact)]],
    ['pharmacies', [replace(AT.pharmacy, pharmacy)]],
    ['birth place', [replace(AT.birthPlace, { url: URL.birthPlace, valueAddress: { city: 'Leeds' } })]],
    ['mobile phone', [replace('/telecom/2', mobile)]],
    ['email', [replace('/telecom/1', email)]],
    ['removal of a mobile phone', [test('/telecom/2/id', '791'), remove('/telecom/2')]],
    ['removal of part of an address', [test('/address/0/id', '456'), remove('/address/0/extension')]],
  ])('%s may change', (_, patches) => {
    expect(outcomeOf(aPatient(), { patches }, { mode: 'patient-access' })).toMatchObject({ meta: { versionId: '3' } });
  });

  it.each<[string, unknown[]]>([
    ['gender', [replace('/gender', 'male')]],
    ['birthDate', [replace('/birthDate', '2010-10-23')]],
    ['name', [add('name', { use: 'nickname', family: 'Smith' })]],
    ['GP practice', [replace('/generalPractitioner/0', { id: '254406A3', identifier: { value: 'A1' } })]],
    ['managing organisation', [remove('/managingOrganization')]],
    ['contact preference', [replace(AT.contactPreference, { url: URL.contactPreference, extension: [] })]],
    ['death', [add('extension', { url: URL.death, extension: [] })]],
    ['home phone', [replace('/telecom/0', { ...mobile, id: '789', use: 'home' })]],
    ['removal of a home phone', [test('/telecom/0/id', '789'), remove('/telecom/0')]],
    ['a new home phone', [add('telecom', { system: 'phone', use: 'work', value: '01632960588' })]],
    ['part of an address', [test('/address/0/id', '456'), replace('/address/0/postalCode', 'LS1 4BU')]],
    ['part of a telecom', [test('/telecom/2/id', '791'), replace('/telecom/2/value', '07700900001')]],
    ['gender beside an address', [replace('/address/0', home), replace('/gender', 'male')]],
    ['unknown members', [replace('/pets', 'cat')]],
  ])('%s may not change', (_, patches) => {
    expect(outcomeOf(aPatient(), { patches }, { mode: 'patient-access' })).toBe(notPermitted);
  });

  it('an application with the permission to update changes what a healthcare worker may', () => {
    expect(outcomeOf(aPatient(), { patches: [replace('/gender', 'male')] }, { mode: 'application-restricted' })).toMatchObject({
      gender: 'male',
    });
  });
});
