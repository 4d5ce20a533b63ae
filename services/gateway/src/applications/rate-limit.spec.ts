import { Fault } from '@carespine/fhir';
import { RateLimits } from './rate-limit';

const application = (rateLimit?: { perSecond: number; burst?: number }, clientId = 'an-app') => ({ clientId, name: 'An Application', rateLimit });

describe('rate limits', () => {
  let now = 1000;
  const clock = (): number => now;
  const refusal = (take: () => void): Fault | undefined => {
    try {
      take();
      return undefined;
    } catch (error) {
      return error as Fault;
    }
  };
  const passed = (limits: RateLimits, app: ReturnType<typeof application>, tries: number): number =>
    Array.from({ length: tries }).filter(() => refusal(() => limits.take(app)) === undefined).length;

  it('lets an application without a limit through', () => {
    expect(passed(new RateLimits(clock), application(), 10_000)).toBe(10_000);
  });

  it('refuses the sixth request of a second where five are allowed, and names application, limit and interval', () => {
    const limits = new RateLimits(clock);
    const app = application({ perSecond: 5 });
    expect(passed(limits, app, 5)).toBe(5);
    const fault = refusal(() => limits.take(app));
    expect(fault).toMatchObject({ code: 'TOO_MANY_REQUESTS', status: 429 });
    expect(fault?.message).toBe("Application 'An Application' sends requests too fast: limit 5, interval 1 second");
    expect(fault?.details.headers).toEqual({ 'retry-after': '1' });
  });

  it('lets requests through again as time passes', () => {
    const limits = new RateLimits(clock);
    const app = application({ perSecond: 5 });
    passed(limits, app, 5);
    now += 200;
    expect(passed(limits, app, 5)).toBe(1);
    now += 10_000;
    expect(passed(limits, app, 50)).toBe(5);
  });

  it('allows a burst within the quota of a minute, and then names the quota', () => {
    const limits = new RateLimits(clock);
    const app = application({ perSecond: 2, burst: 100 });
    expect(passed(limits, app, 100)).toBe(100);
    now += 1000;
    expect(passed(limits, app, 100)).toBe(20);
    const fault = refusal(() => limits.take(app));
    expect(fault?.message).toBe("Application 'An Application' has used up its quota: limit 120, interval 1 minute");
    expect(fault?.details.headers).toEqual({ 'retry-after': '59' });
    now += 59_000;
    expect(passed(limits, app, 1)).toBe(1);
  });

  it('counts each application by itself', () => {
    const limits = new RateLimits(clock);
    passed(limits, application({ perSecond: 1 }), 5);
    expect(passed(limits, application({ perSecond: 1 }, 'another'), 5)).toBe(1);
  });

  it('counts each product by itself', () => {
    const limits = new RateLimits(clock);
    const app = application({ perSecond: 2 });
    const to = (product: string): number => Array.from({ length: 5 }).filter(() => refusal(() => limits.take(app, product)) === undefined).length;
    expect([to('nrl-producer-api'), to('nrl-consumer-api')]).toEqual([2, 2]);
  });

  it('limits the whole API with a text of its own, and a refused request uses nothing up', () => {
    const limits = new RateLimits(clock, 3);
    const app = application({ perSecond: 10 });
    expect(passed(limits, app, 5)).toBe(3);
    expect(refusal(() => limits.take(app))?.message).toBe('The API gets too many requests from all applications together');
    now += 1000;
    expect(passed(limits, app, 5)).toBe(3);
  });
});
