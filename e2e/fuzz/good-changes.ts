const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';
const CODES = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-';

const identified = (list: string, id: string): object => ({ op: 'test', path: `/${list}/0/id`, value: id });
const practice = { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'Y23456', period: { start: '2020-01-01' } };
const coded = (url: string, system: string, code: string): object => ({ url, valueCodeableConcept: { coding: [{ system: CODES + system, version: '1.0.0', code }] } });

/** Updates that a patient of ../patients.ts takes, one for each kind of element; each a list of operations. */
export const GOOD_CHANGES: readonly object[][] = [
  [{ op: 'replace', path: '/gender', value: 'unknown' }],
  [{ op: 'replace', path: '/birthDate', value: '1984-02-29' }],
  [{ op: 'add', path: '/multipleBirthInteger', value: 2 }],
  [identified('name', 'N1'), { op: 'replace', path: '/name/0/family', value: 'O’Neill'.replace('’', "'") }],
  [identified('name', 'N1'), { op: 'replace', path: '/name/0/given', value: ['Ann', 'Mary'] }],
  [identified('name', 'N1'), { op: 'replace', path: '/name/0/prefix/0', value: 'Dr' }],
  [{ op: 'add', path: '/name/-', value: { use: 'temp', family: 'Temporary', given: ['Ann'], prefix: ['Ms'], suffix: ['MBE'], period: { start: '2020-01-01', end: '2030-01-01' } } }],
  [{ op: 'add', path: '/name/-', value: { use: 'nickname', family: 'Nick', given: ['Annie'] } }],
  [{ op: 'replace', path: '/address/0', value: { id: 'A1', use: 'home', line: ['Rose Cottage', '1 High Street', 'Oldtown', 'Leeds', 'West Yorkshire'], postalCode: 'LS1 6AE', period: { start: '2020-01-01' } } }],
  [{ op: 'add', path: '/address/-', value: { use: 'temp', text: 'Holiday Home', line: ['', '2 Sea View', '', 'Whitby'], postalCode: 'YO22 4AA', period: { start: '2026-11-01', end: '2026-12-01' } } }],
  [{ op: 'add', path: '/address/-', value: { use: 'billing', line: ['', '3 Office Park', '', 'York'], postalCode: 'YO1 7HH', period: { start: '2026-11-01', end: '2027-03-01' } } }],
  [{ op: 'replace', path: '/telecom/0', value: { id: 'T1', system: 'phone', use: 'mobile', value: '07700900123', period: { start: '2020-01-01' } } }],
  [{ op: 'add', path: '/telecom/-', value: { system: 'email', use: 'home', value: 'ann.neill@example.com' } }],
  [{ op: 'add', path: '/telecom/-', value: { system: 'other', use: 'home', value: '01632960587', extension: [{ url: `${UK_CORE}OtherContactSystem`, valueCoding: { system: `${CODES}OtherContactSystem`, code: 'textphone', display: 'Minicom (Textphone)' } }] } }],
  [{ op: 'add', path: '/contact/-', value: { period: { start: '2020-01-01' }, relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C', display: 'Emergency Contact' }] }], telecom: [{ system: 'phone', value: '01632960587' }] } }],
  [{ op: 'replace', path: '/generalPractitioner/0', value: { id: 'G1', type: 'Organization', identifier: practice } }],
  [{ op: 'add', path: '/extension/-', value: { url: `${UK_CORE}NominatedPharmacy`, valueReference: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'FA123' } } } }],
  [{ op: 'add', path: '/extension/-', value: { url: `${UK_CORE}NHSCommunication`, extension: [coded('language', 'HumanLanguage', 'fr'), { url: 'interpreterRequired', valueBoolean: true }] } }],
  [{ op: 'add', path: '/extension/-', value: { url: `${UK_CORE}ContactPreference`, extension: [coded('PreferredContactMethod', 'PreferredContactMethod', '1'), coded('PreferredWrittenCommunicationFormat', 'PreferredWrittenCommunicationFormat', '12'), { url: 'PreferredContactTimes', valueString: 'Not after 7pm' }] } }],
  [{ op: 'add', path: '/extension/-', value: { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', valueAddress: { city: 'Leeds', district: 'West Yorkshire', country: 'GBR' } } }],
  [
    { op: 'add', path: '/deceasedDateTime', value: '2026-01-02T00:00:00+00:00' },
    { op: 'add', path: '/extension/-', value: { url: `${UK_CORE}DeathNotificationStatus`, extension: [coded('deathNotificationStatus', 'DeathNotificationStatus', '1'), { url: 'systemEffectiveDate', valueDateTime: '2026-01-03T00:00:00+00:00' }] } },
  ],
]; // prettier-ignore
