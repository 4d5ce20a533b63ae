import { add, replace, test, remove, invalid, missing, additional, update, describeRules, type Case } from '../testing/rule-cases';

const name = { use: 'temp', family: 'Bloggs' };
const addName = (part: object) => [add('name', { ...name, ...part })];

const CASES: Case[] = [
  {
    rule: 'missing on add: start is today',
    patches: [add('name', { use: 'temp', family: 'Bloggs' })],
    then: { name: [{}, {}, { period: { start: '2026-06-15' } }] },
  },
  {
    rule: 'missing on whole-object replace: start is today',
    patches: [replace('/name/1', { id: '124', use: 'old', family: 'Jones' })],
    then: { name: [{}, { id: '124', period: { start: '2026-06-15' } }] },
  },
  {
    rule: 'replacing one sub-value keeps the old start',
    patches: [test('/name/1/id', '124'), replace('/name/1/family', 'Hill')],
    then: { name: [{}, { family: 'Hill', period: { start: '2010-10-22', end: '2023-12-31' } }] },
  },
  { rule: 'if given, start is required', patches: addName({ period: { end: '2020-01-01' } }), refused: missing('name/2/period/start') },
  { rule: 'start not in the future', patches: addName({ period: { start: '2026-06-15' } }) },
  {
    rule: 'start not in the future',
    patches: addName({ period: { start: '2026-06-16' } }),
    refused: update('period start date must not be in the future'),
  },
  { rule: 'end not before start', patches: addName({ period: { start: '2020-01-02', end: '2020-01-02' } }) },
  {
    rule: 'end not before start',
    patches: addName({ period: { start: '2020-01-02', end: '2020-01-01' } }),
    refused: update('period end date must not be before the start date'),
  },
  {
    rule: 'end not before start, in part',
    patches: [test('/name/1/id', '124'), replace('/name/1/period/end', '2010-01-01')],
    refused: update('period end date must not be before the start date'),
  },
  { rule: 'end may be in the future', patches: addName({ period: { start: '2020-01-01', end: '2030-01-01' } }) },
  { rule: 'whole days only', patches: addName({ period: { start: '2020-01' } }), refused: invalid('2020-01', 'name/2/period/start') },
  {
    rule: 'whole days only',
    patches: addName({ period: { start: '2020-01-01', end: '2020-13-01' } }),
    refused: invalid('2020-13-01', 'name/2/period/end'),
  },
  { rule: 'an object', patches: addName({ period: '2020-01-01' }), refused: invalid('2020-01-01', 'name/2/period') },
  { rule: 'start and end only', patches: addName({ period: { start: '2020-01-01', finish: 'x' } }), refused: additional('finish') },
  {
    rule: 'the start is not removed',
    patches: [test('/name/1/id', '124'), remove('/name/1/period/start')],
    refused: update('start cannot be removed'),
  },
  {
    rule: 'the end can be removed',
    patches: [test('/name/1/id', '124'), remove('/name/1/period/end')],
    then: { name: [{}, { period: { start: '2010-10-22' } }] },
  },
];

describeRules('period (5.16)', CASES);
