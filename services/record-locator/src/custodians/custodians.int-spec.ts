import type { Principal } from '@carespine/access-control';
import { aUser, contextOf, eventually } from '@carespine/test-kit';
import { aSupplier } from '../pointers/fixtures/a-pointer';
import { Locator } from '../pointers/fixtures/locator';

const placeAt = (date: string): string => Buffer.from(`${date} RZZ01-a`).toString('base64url');
const PRODUCER = aUser({ activityCodes: ['B0815'] });
const ADMIN = aUser({ activityCodes: ['B0062'], jobRole: 'R8015' });
let locator: Locator;
beforeAll(async () => {
  locator = await Locator.start();
});
afterAll(() => locator.stop());

interface Answered {
  organisation: string;
  counts?: { type: { code: string; display: string }; count: number }[];
  pointers: { id: string; date: string; type: { code: string }; contents: object[] }[];
  next?: string;
  codes: { code: string; count: number }[];
  latest: { pointerId: string; code: string }[];
  providers: { odsCode: string; name: string }[];
}

async function ask(path: string, who: Principal = PRODUCER, ods?: string): Promise<{ status: number; text: string; body: Answered }> {
  const answer = await fetch(`${locator.service.url}/record-locator/v1/${path}`, {
    headers: { ...(await contextOf(who)), ...(ods && { 'nhsd-end-user-organisation-ods': ods }) },
  });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) as Answered };
}

describe('An organisation’s own pointers', () => {
  const made: string[] = [];
  beforeAll(async () => {
    for (const type of ['736253002', '887701000000100', '736253002', '736253002', '887701000000100']) {
      made.unshift(await locator.create({ type, nhsNumber: '9990000018' }));
    }
    await locator.create({ custodian: 'RZZ02' });
  });

  it('are counted by type, and come newest first, of the own organisation alone', async () => {
    const { body, text } = await ask('pointers');
    expect(body.counts?.map(({ type, count }) => [type.code, count])).toEqual([
      ['736253002', 3],
      ['887701000000100', 2],
    ]);
    expect(body.pointers.map(({ id }) => id)).toEqual(made);
    expect(body.pointers[0]?.contents).toHaveLength(1);
    expect(text).not.toMatch(/9990000018|plan\.pdf/);
  });

  it('come in pages that leave out and repeat none', async () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const { body } = await ask(`pointers?_count=2${after ? `&after=${after}` : ''}`);
      expect(body.counts !== undefined).toBe(after === undefined);
      seen.push(...body.pointers.map(({ id }) => id));
      after = body.next;
    } while (after);
    expect(seen).toEqual(made);
    expect((await ask('pointers?type=887701000000100')).body.pointers).toHaveLength(2);
  });

  it.each<[string, string, Principal, number, string]>([
    ['to systems support', 'pointers', ADMIN, 200, ''],
    ['to a system that may produce for it', 'pointers', aSupplier('supplier'), 200, 'RZZ01'],
    ['not to a system that may not', 'pointers', aSupplier('fresh'), 403, 'RZZ01'],
    ['not to a system without an organisation', 'pointers', aSupplier('supplier'), 400, ''],
    ['not to staff who neither produce nor set up', 'pointers', aUser({ activityCodes: ['B0264', 'B0370'] }), 403, ''],
    ['not to staff of another organisation', 'pointers', PRODUCER, 403, 'RZZ02'],
    ['not with a type that is none', 'pointers?type=1', PRODUCER, 400, ''],
    ['not with a forged place', 'pointers?after=x', PRODUCER, 400, ''],
    ['not with a place on no day', `pointers?after=${placeAt('2026-02-30T00:00:00.000Z')}`, PRODUCER, 400, ''],
    ['not with a place in no year', `pointers?after=${placeAt('0000-01-01T00:00:00.000Z')}`, PRODUCER, 400, ''],
    ['not with a page that is too large', 'pointers?_count=101', PRODUCER, 400, ''],
    ['not with more', 'pointers?patient=1', PRODUCER, 400, ''],
    ['no failures of more days than are kept', 'retrieval-failures?days=31', PRODUCER, 400, ''],
    ['no failures for who may not see them', 'retrieval-failures', aUser({ activityCodes: ['B0264'] }), 403, ''],
  ])('are shown %s', async (_, path, who, status, ods) => expect((await ask(path, who, ods)).status).toBe(status));

  it('that could not be opened are told by code, without the patient', async () => {
    const [id = ''] = made;
    const reader = aUser({ activityCodes: ['B0370'] });
    expect((await locator.consume(`/${id}/$retrieve`, { who: reader, ods: '' })).status).toBe(501);
    await eventually(async () => {
      const { body, text } = await ask('retrieval-failures');
      expect(body.codes).toMatchObject([{ code: 'PROXY_PROVIDER_NOT_REGISTERED', count: 1 }]);
      expect(body.latest).toMatchObject([{ pointerId: id, code: 'PROXY_PROVIDER_NOT_REGISTERED' }]);
      expect(text).not.toContain('9990000018');
    });
    expect((await ask('retrieval-failures', aUser({ activityCodes: ['B0815'], organisation: { odsCode: 'RZZ02', name: 'Other' } }))).body.codes).toEqual([]);
  });
});
