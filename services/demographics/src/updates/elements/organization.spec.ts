import { aMinimalPatient, AT, URL } from '../testing/example-patients';
import {
  add,
  replace,
  test,
  remove,
  invalid,
  missing,
  additional,
  update,
  forbidden,
  tooMany,
  describeRules,
  type Case,
} from '../testing/rule-cases';

const ods = (value: string) => ({ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value });
const practice = (part: object = {}) => ({ id: '254406A3', type: 'Organization', identifier: { ...ods('A12345'), ...part } });
const pharmacy = (value: string, url = URL.pharmacy) => ({ url, valueReference: { identifier: ods(value) } });

const CASES: Case[] = [
  {
    rule: 'generalPractitioner: added with today as start',
    record: aMinimalPatient(),
    patches: [add('generalPractitioner', { identifier: { value: 'A12345' } })],
    then: {
      generalPractitioner: [{ id: 'NEW1', type: 'Organization', identifier: { ...ods('A12345'), period: { start: '2026-06-15' } } }],
    },
  },
  { rule: 'generalPractitioner: replaced', patches: [replace('/generalPractitioner/0', practice())] },
  {
    rule: 'generalPractitioner: part replaced keeps the start',
    patches: [test('/generalPractitioner/0/id', '254406A3'), replace('/generalPractitioner/0/identifier/value', 'A12345')],
    then: { generalPractitioner: [{ identifier: { value: 'A12345', period: { start: '2024-01-01' } } }] },
  },
  {
    rule: 'generalPractitioner: 0-1',
    patches: [add('generalPractitioner', { type: 'Organization', identifier: ods('B1') })],
    refused: tooMany(
      "{'type': 'Organization', 'identifier': {'system': 'https://fhir.nhs.uk/Id/ods-organization-code', 'value': 'B1', " +
        "'period': {'start': '2026-06-15'}}}",
      'generalPractitioner',
    ),
  },
  {
    rule: 'generalPractitioner: ODS code',
    patches: [replace('/generalPractitioner/0', practice({ value: 'a1' }))],
    refused: invalid('a1', 'generalPractitioner/0/identifier/value'),
  },
  {
    rule: 'generalPractitioner: system',
    patches: [replace('/generalPractitioner/0', practice({ system: 'x' }))],
    refused: invalid('x', 'generalPractitioner/0/identifier/system'),
  },
  {
    rule: 'generalPractitioner: no period end on write',
    patches: [replace('/generalPractitioner/0', practice({ period: { start: '2024-01-01', end: '2025-01-01' } }))],
    refused: update('an end date must not be provided on generalPractitioner'),
  },
  {
    rule: 'generalPractitioner: removed by back offices only',
    patches: [test('/generalPractitioner/0/id', '254406A3'), remove('/generalPractitioner/0')],
    refused: forbidden(`source not permitted to remove 'generalPractitioner'`),
  },
  {
    rule: 'generalPractitioner: type',
    patches: [replace('/generalPractitioner/0', { ...practice(), type: 'Practitioner' })],
    refused: invalid('Practitioner', 'generalPractitioner/0/type'),
  },
  {
    rule: 'managingOrganization: replaced',
    patches: [replace('/managingOrganization', { type: 'Organization', identifier: ods('A1') })],
    then: { managingOrganization: { identifier: { value: 'A1' } } },
  },
  { rule: 'managingOrganization: part replaced, without id', patches: [replace('/managingOrganization/identifier/value', 'A1')] },
  {
    rule: 'managingOrganization: ODS code',
    patches: [replace('/managingOrganization/identifier/value', 'a-1')],
    refused: invalid('a-1', 'managingOrganization/identifier/value'),
  },
  {
    rule: 'managingOrganization: an object',
    patches: [replace('/managingOrganization', 'A1')],
    refused: invalid('A1', 'managingOrganization'),
  },
  {
    rule: 'managingOrganization: identifier is required',
    patches: [replace('/managingOrganization', { type: 'Organization' })],
    refused: missing('managingOrganization/identifier'),
  },
  {
    rule: 'managingOrganization: identifier is not removed',
    patches: [remove('/managingOrganization/identifier')],
    refused: update('identifier cannot be removed'),
  },
  { rule: 'managingOrganization: removed', patches: [remove('/managingOrganization')] },
  ...[URL.dispensingDoctor, URL.applianceSupplier].map((url) => ({
    rule: `pharmacies: ${url}`,
    patches: [add('extension', pharmacy('FWC87', url))],
  })),
  { rule: 'pharmacies: replaced', patches: [replace(AT.pharmacy, pharmacy('fwc87'))] },
  {
    rule: 'pharmacies: 0-1 each',
    patches: [add('extension', pharmacy('FWC87'))],
    refused: tooMany(URL.pharmacy, 'extension'),
  },
  ...['AB', 'A'.repeat(11), 'FWC-87', ''].map((code) => ({
    rule: `pharmacies: ODS code of 3-10 letters and digits: '${code}'`,
    patches: [replace(AT.pharmacy, pharmacy(code))],
    refused: invalid(code, 'extension/0/valueReference/identifier/value'),
  })),
  {
    rule: 'pharmacies: valueReference is required',
    patches: [replace(AT.pharmacy, { url: URL.pharmacy })],
    refused: missing('extension/0/valueReference'),
  },
  {
    rule: 'pharmacies: nothing else',
    patches: [replace(AT.pharmacy, { ...pharmacy('FWC87'), valueString: 'x' })],
    refused: additional('valueString'),
  },
  {
    rule: 'extensions: unknown url',
    patches: [add('extension', { url: 'http://example.com', valueString: 'x' })],
    refused: invalid('http://example.com', 'extension/5/url'),
  },
  { rule: 'extensions: the url is required', patches: [add('extension', { valueString: 'x' })], refused: missing('extension/5/url') },
];

describeRules('generalPractitioner, managingOrganization, pharmacies (5.9 - 5.12)', CASES);
