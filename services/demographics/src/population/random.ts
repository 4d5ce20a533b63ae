/**
 * A stream of pseudo-random numbers (mulberry32): the same seed and stream give the same numbers on every machine.
 * Nothing that must be secret comes from it.
 */
export class Random {
  private state: number;

  constructor(seed: number, stream: number) {
    this.state = Math.imul(seed ^ Math.imul(stream + 1, 0x9e3779b1), 0x85ebca6b) ^ (stream >>> 3);
    this.next();
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor((this.next() / 4294967296) * n);
  }

  chance(share: number): boolean {
    return this.next() < share * 4294967296;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Eight hexadecimal digits, as object ids are written. */
  objectId(): string {
    const bits = this.next();
    return BYTES[bits >>> 24]! + BYTES[(bits >>> 16) & 255]! + BYTES[(bits >>> 8) & 255]! + BYTES[bits & 255]!;
  }
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** Items of which the first come up most often, about as names do: weight 1 / (rank + offset). */
export class Frequent<T> {
  private readonly upTo: Float64Array;

  constructor(
    private readonly items: readonly T[],
    offset = 20,
  ) {
    this.upTo = new Float64Array(items.length);
    let sum = 0;
    for (let rank = 0; rank < items.length; rank++) this.upTo[rank] = sum += 1 / (rank + offset);
  }

  pick(random: Random): T {
    const target = (random.next() / 4294967296) * this.upTo[this.upTo.length - 1]!;
    let low = 0;
    let high = this.items.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.upTo[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return this.items[low]!;
  }
}
