import { orderOf } from './population';

describe('arguments of npm run population', () => {
  it.each([
    [['--patients', '1_000'], { kind: 'patients', patients: 1000, seed: 1 }],
    [['--patients', '5', '--seed', '9'], { kind: 'patients', patients: 5, seed: 9 }],
    [['--demo'], { kind: 'demo' }],
    [['--import', 'people.ndjson'], { kind: 'import', file: 'people.ndjson' }],
  ])('%j', (args, order) => expect(orderOf(args)).toEqual(order));

  it.each([[[]], [['--patients', '-1']], [['--patients', 'many']], [['--patients', '99999999']], [['--seed', '1']], [['--demo', '--patients', '1']], [['--delete']], [['x']]])(
    'refuses %j',
    (args) => expect(() => orderOf(args)).toThrow(),
  );
});
