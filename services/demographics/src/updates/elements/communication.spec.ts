import { aPatient, aPatientWithout, AT, coded, URL } from '../testing/example-patients';
import { add, replace, test, remove, invalid, missing, additional, update, tooMany, describeRules, type Case } from '../testing/rule-cases';

const LANGUAGE = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage';
const withoutExtension = aPatientWithout('extension');
const communication = (...extension: unknown[]) => [add('extension', { url: URL.communication, extension })];
const preference = (...extension: unknown[]) => [add('extension', { url: URL.contactPreference, extension })];
const born = (valueAddress: unknown) => [replace(AT.birthPlace, { url: URL.birthPlace, valueAddress })];

const CASES: Case[] = [
  ...['fr', 'q1', 'q4', 'q5'].map((code) => ({
    rule: `language may be ${code}`,
    record: withoutExtension,
    patches: communication(coded('language', code, LANGUAGE)),
  })),
  ...['en', 'qa', 'FR', 'fra'].map((code) => ({
    rule: `language is ISO 639-1 without English: ${code}`,
    record: withoutExtension,
    patches: communication(coded('language', code, LANGUAGE)),
    refused: invalid(code, 'extension/0/extension/0/valueCodeableConcept/coding/0/code'),
  })),
  {
    rule: 'language is required',
    record: withoutExtension,
    patches: communication({ url: 'interpreterRequired', valueBoolean: true }),
    refused: missing('extension/0/extension/language'),
  },
  {
    rule: 'language stands once',
    record: withoutExtension,
    patches: communication(coded('language', 'fr', LANGUAGE), coded('language', 'de', LANGUAGE)),
    refused: tooMany('<json too long to display>', 'extension/0/extension'),
  },
  {
    rule: 'one coding',
    record: withoutExtension,
    patches: communication({ url: 'language', valueCodeableConcept: { coding: [{ code: 'fr' }, { code: 'de' }] } }),
    refused: tooMany(`[{'code': 'fr'}, {'code': 'de'}]`, 'extension/0/extension/0/valueCodeableConcept/coding'),
  },
  {
    rule: 'interpreterRequired is a boolean',
    record: withoutExtension,
    patches: communication(coded('language', 'fr'), { url: 'interpreterRequired', valueBoolean: 'yes' }),
    refused: invalid('yes', 'extension/0/extension/1/valueBoolean'),
  },
  {
    rule: 'interpreterRequired cannot be removed alone',
    patches: [replace(`${AT.communication}/extension/1`, { url: ' ', valueBoolean: false })],
    refused: update('interpreterRequired cannot be removed'),
  },
  {
    rule: 'the code system is known',
    record: withoutExtension,
    patches: communication(coded('language', 'fr', 'x')),
    refused: invalid('x', 'extension/0/extension/0/valueCodeableConcept/coding/0/system'),
  },
  {
    rule: 'contact preference: all three',
    record: withoutExtension,
    patches: preference(coded('PreferredWrittenCommunicationFormat', '13'), coded('PreferredContactMethod', '8'), {
      url: 'PreferredContactTimes',
      valueString: 'x'.repeat(40),
    }),
  },
  {
    rule: 'contact preference: format is coded',
    record: withoutExtension,
    patches: preference(coded('PreferredWrittenCommunicationFormat', '14')),
    refused: invalid('14', 'extension/0/extension/0/valueCodeableConcept/coding/0/code'),
  },
  {
    rule: 'contact preference: method is coded',
    record: withoutExtension,
    patches: preference(coded('PreferredContactMethod', '9')),
    refused: invalid('9', 'extension/0/extension/0/valueCodeableConcept/coding/0/code'),
  },
  {
    rule: 'contact preference: times of at most 40 characters',
    record: withoutExtension,
    patches: preference(coded('PreferredContactMethod', '1'), { url: 'PreferredContactTimes', valueString: 'x'.repeat(41) }),
    refused: invalid('x'.repeat(41), 'extension/0/extension/1/valueString'),
  },
  {
    rule: 'contact preference: times need a method',
    record: withoutExtension,
    patches: preference({ url: 'PreferredContactTimes', valueString: 'mornings' }),
    refused: update('PreferredContactTimes needs a PreferredContactMethod'),
  },
  {
    rule: 'contact preference: up to 3',
    record: withoutExtension,
    patches: preference(1, 2, 3, 4),
    refused: tooMany(`[1, 2, 3, 4]`, 'extension/0/extension'),
  },
  {
    rule: 'contact preference: one of them replaced',
    patches: [
      replace(
        `${AT.contactPreference}/extension/1`,
        coded('PreferredContactMethod', '3', 'https://fhir.hl7.org.uk/ValueSet/UKCore-PreferredContactMethod'),
      ),
    ],
  },
  {
    rule: 'contact preference: one of them removed',
    patches: [
      test(`${AT.contactPreference}/extension/0/url`, 'PreferredWrittenCommunicationFormat'),
      remove(`${AT.contactPreference}/extension/2`),
    ],
    then: { extension: [{}, {}, { extension: [{}, {}] }, {}, {}] },
  },
  {
    rule: 'contact preference: one of them added',
    record: aPatient({ extension: [{ url: URL.contactPreference, extension: [coded('PreferredContactMethod', '1')] }] }),
    patches: [
      test('/extension/0/url', URL.contactPreference),
      add('extension/0/extension', { url: 'PreferredContactTimes', valueString: 'mornings' }),
    ],
  },
  ...[{ city: 'Leeds' }, { district: 'West Yorkshire' }, { country: 'GBR' }, { country: '10' }].map((valueAddress) => ({
    rule: `birthPlace: at least one: ${JSON.stringify(valueAddress)}`,
    patches: born(valueAddress),
  })),
  { rule: 'birthPlace: at least one', patches: born({}), refused: missing('extension/3/valueAddress') },
  ...['GB', 'gbr', 'XXX', '5', '8'].map((country) => ({
    rule: `birthPlace: country is coded: ${country}`,
    patches: born({ country }),
    refused: invalid(country, 'extension/3/valueAddress/country'),
  })),
  { rule: 'birthPlace: nothing else', patches: born({ city: 'Leeds', postalCode: 'LS1' }), refused: additional('postalCode') },
];

describeRules('communication, contact preference, birth place (5.13)', CASES);
