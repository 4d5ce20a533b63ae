import fc from 'fast-check';
import { draw, randomNumbers } from './draw';

const population = Array.from({ length: 100 }, (_, i) => `A-${i}`);
const selections = ['random', 'every-nth'] as const;

describe('audit specification, "The officer’s work": the sample is drawn reproducibly (seed recorded)', () => {
  it.each(selections)('%s: the same seed draws the same, another seed others', (selection) => {
    const sample = (seed: string): string[] => draw(population, { share: 20, selection, seed });
    expect(sample('a')).toEqual(sample('a'));
    expect(new Set(['a', 'b', 'c', 'd', 'e'].map((seed) => sample(seed).join())).size).toBeGreaterThan(1);
  });

  it.each(selections)('%s: draws its share, each once, in the population’s order', (selection) =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 100 }), fc.string(), (size, share, seed) => {
        const all = Array.from({ length: size }, (_, i) => i);
        const drawn = draw(all, { share, selection, seed });
        expect(drawn).toHaveLength(Math.ceil((size * share) / 100));
        expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual(drawn);
      }),
    ),
  );

  it('every other one is every second', () => {
    const drawn = draw(Array.from({ length: 10 }, (_, i) => i), { share: 50, selection: 'every-nth', seed: 'x' });
    expect(new Set(drawn.map((place) => place % 2)).size).toBe(1);
  });

  it('favours nobody', () => {
    const times = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed++) for (const one of draw(population.slice(0, 10), { share: 30, selection: 'random', seed: String(seed) })) times.set(one, (times.get(one) ?? 0) + 1);
    for (const count of times.values()) expect(Math.abs(count - 600)).toBeLessThan(120);
  });

  it('is what it was on any machine', () => {
    const numbers = randomNumbers('seed');
    expect([numbers.next().value, numbers.next().value]).toMatchInlineSnapshot(`
[
  3240763443,
  3400536962,
]
`);
  });
});
