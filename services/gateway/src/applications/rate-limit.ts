import { Fault } from '@carespine/fhir';
import type { Application } from './application';

const MINUTE_MS = 60_000;

/**
 * Lets each application through to each product as often as it may. Counts in memory: with several replicas each counts what it sees.
 *
 * @see demographics specification, "Limits and rates": three causes with texts of their own, one code
 */
export class RateLimits {
  private readonly counts = new Map<string, { spike: Bucket; quota: Quota }>();
  private readonly whole?: Bucket;

  /**
   * @param nowMs a clock that never goes back, in milliseconds
   * @param wholePerSecond limit of all applications together; none when absent
   */
  constructor(
    private readonly nowMs: () => number,
    wholePerSecond?: number,
  ) {
    if (wholePerSecond) this.whole = new Bucket(wholePerSecond);
  }

  /**
   * @param product what is asked for, as each is counted by itself; absent where it is no product
   * @throws Fault TOO_MANY_REQUESTS, with `retry-after` in seconds
   */
  take({ clientId, name, rateLimit }: Pick<Application, 'clientId' | 'name' | 'rateLimit'>, product = ''): void {
    const now = this.nowMs();
    const own = rateLimit && this.countsOf(`${clientId} ${product}`, rateLimit);
    if (own?.spike.isEmpty(now)) throw tooMany(`Application '${name}' sends requests too fast: limit ${own.spike.size}, interval 1 second`, 1);
    if (own?.quota.isUsedUp(now)) {
      throw tooMany(`Application '${name}' has used up its quota: limit ${own.quota.size}, interval 1 minute`, own.quota.secondsLeft(now));
    }
    if (this.whole?.isEmpty(now)) throw tooMany('The API gets too many requests from all applications together', 1);
    own?.spike.take();
    own?.quota.take();
    this.whole?.take();
  }

  private countsOf(key: string, { perSecond, burst = perSecond }: NonNullable<Application['rateLimit']>): { spike: Bucket; quota: Quota } {
    let own = this.counts.get(key);
    if (!own) this.counts.set(key, (own = { spike: new Bucket(burst), quota: new Quota(perSecond * 60) }));
    return own;
  }
}

/** Holds one second's worth and fills at that rate; a request takes one. */
class Bucket {
  private level: number;
  private filledAtMs = 0;

  constructor(readonly size: number) {
    this.level = size;
  }

  isEmpty(nowMs: number): boolean {
    this.level = Math.min(this.size, this.level + ((nowMs - this.filledAtMs) / 1000) * this.size);
    this.filledAtMs = nowMs;
    return this.level < 1;
  }

  take(): void {
    this.level -= 1;
  }
}

/** So many in a minute, counted from the first request after the last minute. */
class Quota {
  private used = 0;
  private endsAtMs = 0;

  constructor(readonly size: number) {}

  isUsedUp(nowMs: number): boolean {
    if (nowMs >= this.endsAtMs) {
      this.used = 0;
      this.endsAtMs = nowMs + MINUTE_MS;
    }
    return this.used >= this.size;
  }

  take(): void {
    this.used += 1;
  }

  secondsLeft(nowMs: number): number {
    return Math.ceil((this.endsAtMs - nowMs) / 1000);
  }
}

const tooMany = (diagnostics: string, retryAfterSeconds: number): Fault =>
  new Fault('TOO_MANY_REQUESTS', { diagnostics, headers: { 'retry-after': String(retryAfterSeconds) } });
