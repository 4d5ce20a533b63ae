import { aPatient, URL } from '../testing/example-patients';
import { add, replace, test, remove, invalid, missing, additional, update, tooFew, describeRules, type Case } from '../testing/rule-cases';

const original = aPatient();
const telecom = { system: 'phone', use: 'work', value: '01632960588', period: { start: '2020-01-01' } };
const addTelecom = (part: object) => [add('telecom', { ...telecom, ...part })];
const email = (value: string) => addTelecom({ system: 'email', value });
const keep = update('the system and use of an existing telecom cannot be changed - remove the telecom and add another');
const otherSystem = original.telecom?.[3]?.extension;
const contact = { relationship: original.contact?.[0]?.relationship, telecom: [{ system: 'phone', value: '01632960588' }] };
const addContact = (part: object) => [add('contact', { ...contact, ...part })];
const coding = (code: string) => [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code }] }];

const CASES: Case[] = [
  { rule: 'system is required', patches: [add('telecom', { use: 'work', value: '1' })], refused: missing('telecom/4/system') },
  { rule: 'value is required', patches: [add('telecom', { use: 'work', system: 'phone' })], refused: missing('telecom/4/value') },
  ...['phone', 'fax', 'other'].map((system) => ({ rule: `system may be ${system}`, patches: addTelecom({ system }) })),
  { rule: 'system is one of a set', patches: addTelecom({ system: 'pager' }), refused: invalid('pager', 'telecom/4/system') },
  { rule: 'use is one of a set', patches: addTelecom({ use: 'old' }), refused: invalid('old', 'telecom/4/use') },
  {
    rule: 'one entry per system and use',
    patches: addTelecom({ use: 'home' }),
    refused: update('multiple telecoms of system phone with use home cannot be added'),
  },
  { rule: 'email: valid form', patches: email('john.smith@example.com') },
  { rule: 'email: more than 6 characters', patches: email('a@b.co'), refused: update('email format is invalid') },
  { rule: 'email: more than 6 characters', patches: email('ab@b.co') },
  { rule: 'email: fewer than 90 characters', patches: email(`${'a'.repeat(77)}@example.com`) },
  { rule: 'email: fewer than 90 characters', patches: email(`${'a'.repeat(78)}@example.com`), refused: update('email format is invalid') },
  ...['testemail', 'a b@example.com', 'john@example', '@example.com', 'a@@example.com', 'a@example..com', 'a@-example.com'].map(
    (value) => ({
      rule: `email: valid form: ${value}`,
      patches: email(value),
      refused: update('email format is invalid'),
    }),
  ),
  {
    rule: 'email: valid form, in part',
    patches: [test('/telecom/1/id', '790'), replace('/telecom/1/value', 'jane')],
    refused: update('email format is invalid'),
  },
  {
    rule: 'replace must keep the system',
    patches: [replace('/telecom/2', { ...telecom, id: '791', system: 'fax', use: 'mobile' })],
    refused: keep,
  },
  { rule: 'replace must keep the use', patches: [replace('/telecom/2', { ...telecom, id: '791' })], refused: keep },
  { rule: 'replace must keep the use, in part', patches: [test('/telecom/2/id', '791'), replace('/telecom/2/use', 'work')], refused: keep },
  {
    rule: 'replace with the same system and use',
    patches: [replace('/telecom/2', { id: '791', system: 'phone', use: 'mobile', value: '07700900001' })],
    then: { telecom: [{}, {}, { id: '791', value: '07700900001', period: { start: '2026-06-15' } }, {}] },
  },
  { rule: 'textphone', patches: addTelecom({ system: 'other', extension: otherSystem }) },
  {
    rule: 'textphone has system other',
    patches: addTelecom({ extension: otherSystem }),
    refused: update(`the system of a textphone must be 'other'`),
  },
  {
    rule: 'textphone is coded',
    patches: addTelecom({ system: 'other', extension: [{ url: URL.otherContactSystem, valueCoding: { code: 'telex' } }] }),
    refused: invalid('telex', 'telecom/4/extension/0/valueCoding/code'),
  },
  { rule: 'unknown properties are refused', patches: addTelecom({ rank: 1 }), refused: additional('rank') },

  {
    rule: 'emergency contact',
    patches: addContact({}),
    then: { contact: [{}, { id: 'NEW1', ...contact, period: { start: '2026-06-15' } }] },
  },
  {
    rule: 'emergency contact replaced',
    patches: [replace('/contact/0', { ...contact, id: 'C123' })],
    then: { contact: [{ id: 'C123', telecom: contact.telecom, period: { start: '2026-06-15' } }] },
  },
  {
    rule: 'emergency contact: code C only',
    patches: addContact({ relationship: coding('N') }),
    refused: invalid('N', 'contact/1/relationship/0/coding/0/code'),
  },
  {
    rule: 'emergency contact: one relationship',
    patches: addContact({ relationship: [] }),
    refused: tooFew('[]', 'contact/1/relationship'),
  },
  {
    rule: 'emergency contact: relationship is required',
    patches: [add('contact', { telecom: contact.telecom })],
    refused: missing('contact/1/relationship'),
  },
  {
    rule: 'emergency contact: telecom is required',
    patches: [add('contact', { relationship: contact.relationship })],
    refused: missing('contact/1/telecom'),
  },
  {
    rule: 'emergency contact: no use',
    patches: addContact({ telecom: [{ system: 'phone', value: '1', use: 'home' }] }),
    refused: additional('use'),
  },
  {
    rule: 'emergency contact: period is not on telecom',
    patches: addContact({ telecom: [{ system: 'phone', value: '1', period: {} }] }),
    refused: additional('period'),
  },
  {
    rule: 'emergency contact: no fax',
    patches: addContact({ telecom: [{ system: 'fax', value: '1' }] }),
    refused: invalid('fax', 'contact/1/telecom/0/system'),
  },
  {
    rule: 'emergency contact: valid email',
    patches: addContact({ telecom: [{ system: 'email', value: 'jane' }] }),
    refused: update('email format is invalid'),
  },
  {
    rule: 'emergency contact: telecom is not removed',
    patches: [test('/contact/0/id', 'C123'), remove('/contact/0/telecom')],
    refused: update('telecom cannot be removed'),
  },
  { rule: 'emergency contact: nothing else', patches: addContact({ name: {} }), refused: additional('name') },
];

describeRules('telecom and contact (5.7, 5.8)', CASES);
