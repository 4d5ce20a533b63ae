import { createHash } from 'node:crypto';

/** Numbers that the same seed gives again, anywhere: SHA-256 of the seed and a counter, read as 32-bit integers. */
export function* randomNumbers(seed: string): Generator<number, never> {
  for (let counter = 0; ; counter++) {
    const block = createHash('sha256').update(`${seed}\n${counter}`).digest();
    for (let at = 0; at < block.length; at += 4) yield block.readUInt32BE(at);
  }
}

/**
 * The share of a population that is checked: at least one of it.
 *
 * `random` draws without replacement (Fisher-Yates); `every-nth` takes evenly spaced ones, from a start that the seed decides.
 *
 * @param population in an order that does not change
 * @param share percent, 1 to 100
 * @returns in the population's order
 */
export function draw<T>(population: readonly T[], { share, selection, seed }: { share: number; selection: 'every-nth' | 'random'; seed: string }): T[] {
  const wanted = Math.ceil((population.length * share) / 100);
  const numbers = randomNumbers(seed);
  if (selection === 'every-nth') {
    const start = below(population.length, numbers);
    const places = Array.from({ length: wanted }, (_, i) => (start + Math.floor((i * population.length) / wanted)) % population.length);
    return inOrder(population, places);
  }
  const places = population.map((_, i) => i);
  for (let i = 0; i < wanted; i++) {
    const other = i + below(places.length - i, numbers);
    [places[i], places[other]] = [places[other] ?? 0, places[i] ?? 0];
  }
  return inOrder(population, places.slice(0, wanted));
}

/** A number from 0 to one below the bound, each as likely: what would favour the low ones is thrown away. */
function below(bound: number, numbers: Generator<number, never>): number {
  if (bound < 2) return 0;
  const fair = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const { value } = numbers.next();
    if (value < fair) return value % bound;
  }
}

const inOrder = <T>(population: readonly T[], places: number[]): T[] => {
  const drawn = new Set(places);
  return population.filter((_, i) => drawn.has(i));
};
