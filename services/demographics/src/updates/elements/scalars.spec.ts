import { aDeadPatient, aPatient, deathNotification, URL } from '../testing/example-patients';
import { add, replace, test, remove, invalid, missing, update, forbidden, describeRules, type Case } from '../testing/rule-cases';

const effective = { url: 'systemEffectiveDate', valueDateTime: '2020-02-27T16:14:58+00:00' };
const die = (when: unknown, notification: unknown = deathNotification('1')) => [
  { op: 'add', path: '/deceasedDateTime', value: when },
  add('extension', notification),
];

const CASES: Case[] = [
  ...['male', 'female', 'unknown'].map((gender) => ({
    rule: `gender may be ${gender}`,
    patches: [replace('/gender', gender)],
    then: { gender },
  })),
  { rule: 'gender other is read only', patches: [replace('/gender', 'other')], refused: invalid('other', 'gender') },
  {
    rule: 'gender other is read only',
    record: aPatient({ gender: 'other' }),
    patches: [replace('/birthDate', '2010-10-23')],
    then: { gender: 'other' },
  },
  { rule: 'gender is one of a set', patches: [replace('/gender', null)], refused: invalid('null', 'gender') },
  { rule: 'gender cannot be removed', patches: [remove('/gender')], refused: forbidden(`source not permitted to remove 'gender'`) },
  { rule: 'birthDate is yyyy-mm-dd', patches: [replace('/birthDate', '1985-10-26')], then: { birthDate: '1985-10-26' } },
  ...['2010-10', '2010', 'not-a-date', '2010-02-30', '2010-10-22T00:00:00', ' 2010-10-22'].map((birthDate) => ({
    rule: `birthDate is yyyy-mm-dd on write: ${birthDate}`,
    patches: [replace('/birthDate', birthDate)],
    refused: invalid(birthDate, 'birthDate'),
  })),
  { rule: 'birthDate is not in the future', patches: [replace('/birthDate', '2026-06-15')] },
  {
    rule: 'birthDate is not in the future',
    patches: [replace('/birthDate', '2026-06-16')],
    refused: update('birthDate must not be in the future'),
  },
  {
    rule: 'birthDate is not after death',
    record: aDeadPatient('1'),
    patches: [replace('/birthDate', '2020-02-21')],
    refused: update('deceasedDateTime must not be before birthDate'),
  },
  { rule: 'birthDate is not after death: the same day', record: aDeadPatient('1'), patches: [replace('/birthDate', '2020-02-20')] },
  {
    rule: 'birthDate cannot be removed',
    patches: [test('/birthDate', '2010-10-22'), remove('/birthDate')],
    refused: forbidden(`source not permitted to remove 'birthDate'`),
  },
  ...[1, 7, 8, 9].map((order) => ({ rule: `multipleBirthInteger may be ${order}`, patches: [replace('/multipleBirthInteger', order)] })),
  ...[0, 10, 1.5, '2', -1, true].map((order) => ({
    rule: `multipleBirthInteger is 1-9: ${order}`,
    patches: [replace('/multipleBirthInteger', order)],
    refused: invalid(String(order), 'multipleBirthInteger'),
  })),
  { rule: 'multipleBirthInteger can be removed', patches: [remove('/multipleBirthInteger')] },

  ...[
    ['2020-01-01T10:30:00+00:00', '2020-01-01T10:30:00+00:00'],
    ['2020-01-01T10:30:00', '2020-01-01T10:30:00+00:00'],
    ['2020-01-01', '2020-01-01'],
  ].map(([written, kept]) => ({ rule: `deceasedDateTime may be ${written}`, patches: die(written), then: { deceasedDateTime: kept } })),
  ...[
    '2020-01-01T00:00:00+01:00',
    '2020-01-01T00:00:00Z',
    '2020-01',
    '2020',
    '2020-01-01T24:00:00',
    '2020-02-30',
    '2020-01-01 10:00:00',
    20200101,
  ].map((written) => ({
    rule: `deceasedDateTime is in UTC and whole: ${written}`,
    patches: die(written),
    refused: invalid(String(written), 'deceasedDateTime'),
  })),
  { rule: 'deceasedDateTime is not in the future', patches: die('2026-06-15T11:59:59') },
  {
    rule: 'deceasedDateTime is not in the future',
    patches: die('2026-06-15T12:00:01'),
    refused: update('deceasedDateTime must not be in the future'),
  },
  {
    rule: 'deceasedDateTime is not in the future',
    patches: die('2026-06-16'),
    refused: update('deceasedDateTime must not be in the future'),
  },
  {
    rule: 'deceasedDateTime is not before birth',
    patches: die('2010-10-21'),
    refused: update('deceasedDateTime must not be before birthDate'),
  },
  {
    rule: 'a birth date that is only a year is compared as far as it goes',
    record: aPatient({ birthDate: '2010' }),
    patches: die('2010-01-01'),
  },
  {
    rule: 'deceasedDateTime must be added together with the death notification',
    patches: [{ op: 'add', path: '/deceasedDateTime', value: '2020-01-01' }],
    refused: update('a death notification status must be added together with deceasedDateTime'),
  },
  {
    rule: 'the death notification must be added together with deceasedDateTime',
    patches: [add('extension', deathNotification('1'))],
    refused: update('deceasedDateTime must be added together with a death notification status'),
  },
  { rule: 'the order of the two does not matter', patches: die('2020-01-01').reverse(), then: { deceasedDateTime: '2020-01-01' } },
  {
    rule: 'the time at which the notification took effect is that of the update unless given',
    patches: die('2020-01-01', { ...deathNotification('1'), extension: deathNotification('1').extension?.slice(0, 1) }),
    then: {
      extension: [{}, {}, {}, {}, {}, { extension: [{}, { url: 'systemEffectiveDate', valueDateTime: '2026-06-15T12:00:00+00:00' }] }],
    },
  },
  {
    rule: 'deceasedDateTime cannot be removed',
    record: aDeadPatient('1'),
    patches: [remove('/deceasedDateTime')],
    refused: forbidden(`source not permitted to remove 'deceasedDateTime'`),
  },
  {
    rule: 'an informal date may be replaced alone',
    record: aDeadPatient('1'),
    patches: [replace('/deceasedDateTime', '2020-02-21T00:00:00')],
    then: { deceasedDateTime: '2020-02-21T00:00:00+00:00' },
  },
  {
    rule: 'a formal date cannot be replaced',
    record: aDeadPatient('2'),
    patches: [replace('/deceasedDateTime', '2020-02-21')],
    refused: forbidden('source not permitted to change a formal death notification'),
  },
  {
    rule: 'a formal status cannot be replaced',
    record: aDeadPatient('2'),
    patches: [replace('/extension/5', deathNotification('1'))],
    refused: forbidden('source not permitted to change a formal death notification'),
  },
  {
    rule: 'a formal status cannot be replaced in part',
    record: aDeadPatient('2'),
    patches: [test('/extension/5/url', URL.death), replace('/extension/5/extension/0/valueCodeableConcept/coding/0/code', '1')],
    refused: forbidden('source not permitted to change a formal death notification'),
  },
  { rule: 'a record with formal death can be updated elsewhere', record: aDeadPatient('2'), patches: [replace('/gender', 'male')] },
  {
    rule: 'formal death is set by back offices only',
    patches: die('2020-01-01', deathNotification('2')),
    refused: forbidden('source not permitted to add a formal death notification'),
  },
  {
    rule: 'status U is read only',
    patches: die('2020-01-01', deathNotification('U')),
    refused: `UNSUPPORTED_VALUE: Unsupported value - 'U' in field 'extension/5/extension/0/valueCodeableConcept/coding/0/code'`,
  },
  {
    rule: 'the status is coded',
    patches: die('2020-01-01', deathNotification('3')),
    refused: invalid('3', 'extension/5/extension/0/valueCodeableConcept/coding/0/code'),
  },
  {
    rule: 'the notification has a status',
    patches: die('2020-01-01', { url: URL.death, extension: [effective] }),
    refused: missing('extension/5/extension/deathNotificationStatus'),
  },
  {
    rule: 'the notification cannot be removed',
    record: aDeadPatient('1'),
    patches: [test('/extension/5/url', URL.death), remove('/extension/5')],
    refused: forbidden(`source not permitted to remove 'deathNotificationStatus'`),
  },
];

describeRules('gender, birth, multiple birth, death (5.4, 5.5)', CASES);
