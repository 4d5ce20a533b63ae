import { aMinimalPatient, aPatient } from '../testing/example-patients';
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

const original = aPatient();
const name = { use: 'temp', family: 'Bloggs', given: ['Joe'], period: { start: '2019-12-31' } };
const addName = (part: object) => [add('name', { ...name, ...part })];
const addedName = (part: object) => ({ name: [{}, {}, { ...name, ...part }] });

const CASES: Case[] = [
  { rule: 'use is required', patches: [add('name', { family: 'Bloggs' })], refused: missing('name/2/use') },
  { rule: 'family is required', patches: [add('name', { use: 'old' })], refused: missing('name/2/family') },
  ...['usual', 'nickname', 'temp', 'old', 'maiden'].map((use) => ({
    rule: `use may be ${use}`,
    record: aMinimalPatient(),
    patches: addName({ use }),
    then: { name: [{ ...name, use, id: 'NEW1' }] },
  })),
  ...['official', 'anonymous', 'Usual'].map((use) => ({
    rule: `use is never ${use}`,
    patches: addName({ use }),
    refused: invalid(use, 'name/2/use'),
  })),
  { rule: 'usual: exactly 1', patches: addName({ use: 'usual' }), refused: forbidden('multiple usual names cannot be added') },
  {
    rule: 'usual cannot be removed, tested by object',
    patches: [test('/name/0', original.name?.[0]), remove('/name/0')],
    refused: forbidden('not permitted to remove usual name'),
  },
  {
    rule: 'usual cannot be removed for another',
    patches: [test('/name/0/id', '123'), remove('/name/0'), ...addName({ use: 'usual' })],
    refused: forbidden('not permitted to remove usual name'),
  },
  {
    rule: 'usual has no end date at creation',
    record: aMinimalPatient(),
    patches: addName({ use: 'usual', period: { start: '2020-01-01', end: '2030-01-01' } }),
    refused: update('An end date can not be provided on usual name'),
  },
  {
    rule: 'two usual names at once',
    record: aMinimalPatient(),
    patches: [...addName({ use: 'usual' }), ...addName({ use: 'usual' })],
    refused: forbidden('multiple usual names cannot be added'),
  },
  { rule: 'nickname: 0-1', patches: addName({ use: 'nickname' }) },
  {
    rule: 'nickname: 0-1',
    patches: [...addName({ use: 'nickname' }), ...addName({ use: 'nickname' })],
    refused: update('multiple nicknames cannot be added'),
  },
  { rule: 'temp and old: any number', patches: [...addName({}), ...addName({}), ...addName({ use: 'old' })] },
  {
    rule: 'use of an existing name cannot be changed, in part',
    patches: [test('/name/1/id', '124'), replace('/name/1/use', 'maiden')],
    refused: update('the use of an existing name cannot be changed - remove the name and add another'),
  },
  {
    rule: 'use of an existing name cannot be changed, as a whole',
    patches: [replace('/name/0', { ...name, id: '123', use: 'old' })],
    refused: update('the use of an existing name cannot be changed - remove the name and add another'),
  },
  { rule: 'family has at most 35 characters', patches: addName({ family: 'B'.repeat(35) }) },
  {
    rule: 'family has at most 35 characters',
    patches: addName({ family: 'B'.repeat(36) }),
    refused: invalid('B'.repeat(36), 'name/2/family'),
  },
  { rule: 'family says something', patches: addName({ family: ' ' }), refused: invalid(' ', 'name/2/family') },
  { rule: 'family is text', patches: addName({ family: 5 }), refused: invalid('5', 'name/2/family') },
  {
    rule: 'family is not removed',
    patches: [test('/name/1/id', '124'), remove('/name/1/family')],
    refused: update('family cannot be removed'),
  },
  { rule: 'given is a list', patches: addName({ given: 'not an array' }), refused: invalid('not an array', 'name/2/given') },
  { rule: 'given has at most 5 items', patches: addName({ given: ['A', 'B', 'C', 'D', 'E'] }) },
  {
    rule: 'given has at most 5 items',
    patches: addName({ given: ['One', 'Two', 'Three', 'Four', 'Five', 'six'] }),
    refused: tooMany(`['One', 'Two', 'Three', 'Four', 'Five', 'six']`, 'name/2/given'),
  },
  {
    rule: 'given has at most 35 characters',
    patches: addName({ given: ['A', 'B'.repeat(36)] }),
    refused: invalid('B'.repeat(36), 'name/2/given/1'),
  },
  {
    rule: 'the first given name may hold several words, later ones are split on spaces',
    patches: addName({ given: ['Jane Marie Anne', 'Jo Adele'] }),
    then: addedName({ given: ['Jane Marie Anne', 'Jo', 'Adele'] }),
  },
  {
    rule: 'given has at most 5 items once they are split',
    patches: addName({ given: ['A', 'B C', 'D E', 'F'] }),
    refused: tooMany(`['A', 'B C', 'D E', 'F']`, 'name/2/given'),
  },
  { rule: `letters allowed: "Zoë O'Šéa-Łuk. 3"`, patches: addName({ family: `Zoë O'Šéa-Łuk. 3` }) },
  { rule: 'letters allowed: up to code point 383', patches: addName({ family: 'ÀÖØöøſ' }) },
  ...['O`Brien', 'a×b', 'a÷b', 'aƀ', 'a_b', 'Smith, J', 'Sm\u200bith', '王'].map((family) => ({
    rule: `letters refused: ${family}`,
    patches: addName({ family }),
    refused: `UNSUPPORTED_CHARACTERS_IN_FIELD: Unsupported characters - '${family}' in field 'name/2/family'`,
  })),
  {
    rule: 'letters refused in a given name that is replaced',
    patches: [test('/name/0/id', '123'), replace('/name/0/given/0', 'J@ne')],
    refused: `UNSUPPORTED_CHARACTERS_IN_FIELD: Unsupported characters - 'J@ne' in field 'name/0/given/0'`,
  },
  { rule: 'each suffix starts A-Z', patches: addName({ suffix: ['MBE', 'phD'] }), refused: invalid('phD', 'name/2/suffix/1') },
  {
    rule: 'standard titles are normalised, trailing full stops dropped',
    patches: addName({ prefix: ['MR', 'mrs.', 'ms', 'dr.', 'rev', 'SIR', 'lady', 'lord..', 'Prof.', 'Mx'] }),
    then: addedName({ prefix: ['Mr', 'Mrs', 'Ms', 'Dr', 'Rev', 'Sir', 'Lady', 'Lord', 'Prof', 'Mx'] }),
  },
  {
    rule: 'empty prefix and suffix strings are accepted and dropped',
    patches: addName({ prefix: ['', 'Dr', ' '], suffix: ['', 'PhD'] }),
    then: addedName({ prefix: ['Dr'], suffix: ['PhD'] }),
  },
  {
    rule: 'a prefix of empty strings is no prefix',
    patches: addName({ prefix: [''] }),
    then: { name: [{}, {}, expect.not.objectContaining({ prefix: expect.anything() })] },
  },
  { rule: 'unknown properties are refused', patches: addName({ text: 'Joe Bloggs' }), refused: additional('text') },
];

describeRules('name (5.3)', CASES);
