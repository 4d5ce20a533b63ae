import { setTimeout as delay } from 'node:timers/promises';
import { aUser, eventually } from '@carespine/test-kit';
import { Retrievals } from './fixture';

const MEBIBYTE = 1024 * 1024;

describe('large documents', () => {
  let retrievals: Retrievals;
  beforeAll(async () => {
    retrievals = await Retrievals.start({ DOCUMENT_LIMIT: '1000000', LARGE_DOCUMENT_LIMIT: '300000000', DOCUMENT_TOTAL_MS: '60000', DOCUMENTS_AT_ONCE: '2' });
  });
  afterAll(() => retrievals.stop());

  it('pass in constant memory, as fast as they are read and no faster: 200 MB to a slow reader', async () => {
    const response = await retrievals.ask(await retrievals.pointer({ url: '/huge/200000000', mechanism: 'LDR' }));
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '200000000']);
    const before = process.memoryUsage.rss();
    let [seen, peak, unpaused] = [0, 0, 0];
    for await (const chunk of response.body!) {
      seen += chunk.length;
      unpaused += chunk.length;
      if (unpaused > MEBIBYTE) {
        unpaused = 0;
        peak = Math.max(peak, process.memoryUsage.rss() - before);
        await delay(5);
      }
    }
    expect(seen).toBe(200_000_000);
    // provider, proxy and reader together, in this one process
    expect(peak / MEBIBYTE).toBeLessThan(120);
    console.log(`200 MB passed; memory grew by ${Math.round(peak / MEBIBYTE)} MiB at most`);
  });

  it('are larger by Large Document Retrieval than by any other way', async () => {
    expect(await retrievals.retrieve({ url: '/huge/2000000' })).toMatchObject({ status: 502, code: 'PROVIDER_DOCUMENT_TOO_LARGE' });
    expect(await retrievals.retrieve({ url: '/huge/300000001', mechanism: 'LDR' })).toMatchObject({ status: 502, code: 'PROVIDER_DOCUMENT_TOO_LARGE' });
    expect((await retrievals.retrieve({ url: '/huge/2000000', mechanism: 'LDR' })).status).toBe(200);
  });

  it('of one provider leave room for those of others, and make room when they end', async () => {
    const held = await Promise.all([1, 2].map(async () => retrievals.begin(await retrievals.pointer({ url: '/trickle' }))));
    expect(held.map(({ status }) => status)).toEqual([200, 200]);
    const busy = await retrievals.retrieve();
    expect([busy.status, busy.code, busy.headers.get('retry-after')]).toEqual([503, 'PROXY_BUSY', '5']);
    expect((await retrievals.retrieve({ custodian: 'RQX05' })).status).toBe(200);
    for (const { leave } of held) leave();
    await eventually(async () => expect((await retrievals.retrieve()).status).toBe(200));
  });

  it('of one provider leave room for those of other callers', async () => {
    const roomy = await Retrievals.start({ DOCUMENT_TOTAL_MS: '60000' });
    try {
      const ids = await Promise.all(Array.from({ length: 4 }, () => roomy.pointer({ url: '/trickle' })));
      const held = await Promise.all(ids.map((id) => roomy.begin(id)));
      expect(await roomy.retrieve()).toMatchObject({ status: 503, code: 'PROXY_BUSY' });
      expect((await roomy.retrieve({}, { who: aUser({ userId: '555000000779' }) })).status).toBe(200);
      for (const { leave } of held) leave();
    } finally {
      await roomy.stop();
    }
  });

  it('are not given without an access record, and hold nothing then', async () => {
    await retrievals.withoutOutbox(async () => {
      for (let n = 0; n < 4; n++) {
        expect(await retrievals.retrieve({ url: '/trickle' })).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' }); // twice the room there is
      }
    });
    expect((await retrievals.retrieve()).status).toBe(200);
  });
});
