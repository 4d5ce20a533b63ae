import { setTimeout as delay } from 'node:timers/promises';
import { Outcome } from '@carespine/contracts';
import { aUser, eventually } from '@carespine/test-kit';
import { Retrievals } from './fixture';

describe('a reader that is slower than the provider', () => {
  let retrievals: Retrievals;
  beforeAll(async () => {
    retrievals = await Retrievals.start({ DOCUMENT_TOTAL_MS: '4000', DOCUMENT_IDLE_MS: '500' });
  });
  afterAll(() => retrievals.stop());

  it.each(['/closing/4194304', '/closing-by-reset/4194304'])('has all of a document whose connection ends behind it (%s), or is told that it broke off', async (url) => {
    const response = await retrievals.ask(await retrievals.pointer({ url, mechanism: 'LDR' }));
    let seen = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of response.body!) {
        seen += chunk.length;
        await delay(5);
      }
    };
    await read().then(
      () => expect(seen).toBe(4_194_304),
      () => expect(url).toContain('reset'),
    );
    expect((await retrievals.retrieve()).status).toBe(200); // the service is still there
  });

  it('is not the provider\'s failure when it takes too long', async () => {
    const who = aUser({ userId: '555000000780' });
    const before = Date.now();
    const response = await retrievals.ask(await retrievals.pointer({ url: '/huge/200000000', mechanism: 'LDR' }), { who });
    expect(response.status).toBe(200);
    const [, broken] = await retrievals.recordsOf(who, 2);
    expect([broken?.outcome, broken?.outcomeDescription]).toEqual([Outcome.SERIOUS_FAILURE, 'Broken off the reader was too slow']);
    expect(Date.now() - before).toBeGreaterThan(3500);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(await retrievals.failures()).not.toContain('PROVIDER_TIMEOUT');
  }, 20_000);

  it('is no silence of the provider', async () => {
    const response = await retrievals.ask(await retrievals.pointer({ url: '/huge/20000000', mechanism: 'LDR' }));
    await delay(1000); // twice the longest silence
    expect((await response.arrayBuffer()).byteLength).toBe(20_000_000);
  });

  it('holds no place at the provider once it has left', async () => {
    const { leave } = await retrievals.begin(await retrievals.pointer({ url: '/huge/200000000', mechanism: 'LDR' }));
    leave();
    await eventually(async () => expect(retrievals.provider.requests.at(-1)?.over).toBe(true), 1000);
  });
});
