import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** About the size of an access record. */
const PAYLOAD_BYTES = 400;
const KEYS = Array.from({ length: 2_000 }, () => randomBytes(16).toString('hex'));
const STEP_MS = 5;

/** Milliseconds, the same clock in every process of the machine. */
export const now = () => performance.timeOrigin + performance.now();

/** A key and a payload that begins with the moment at which it is sent. */
export function aMessage() {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 1);
  payload.writeDoubleBE(now());
  return { key: KEYS[Math.floor(Math.random() * KEYS.length)], payload };
}

export const sentAt = (payload) => Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).readDoubleBE();

/** Gives out how many are due, in small steps, until all are. */
export async function* due(count, perSecond) {
  const startedAt = now();
  for (let given = 0; given < count; await delay(STEP_MS)) {
    const some = Math.min(count, Math.floor(((now() - startedAt) / 1000) * perSecond)) - given;
    if (some > 0) yield some;
    given += some;
  }
}

/** Counts arrivals, and tells the parent when those that it awaits are there. */
export class Arrivals {
  #expected = 0;
  #latencies = [];
  #lastAt = 0;

  expect(count) {
    this.#expected = count;
    this.#tellWhenComplete();
  }

  add(payloads) {
    this.#lastAt = now();
    for (const payload of payloads) this.#latencies.push(this.#lastAt - sentAt(payload));
    this.#tellWhenComplete();
  }

  #tellWhenComplete() {
    if (this.#expected === 0 || this.#latencies.length < this.#expected) return;
    process.send?.({ lastAt: this.#lastAt, latencies: this.#latencies });
    this.#expected = 0;
    this.#latencies = [];
  }
}
