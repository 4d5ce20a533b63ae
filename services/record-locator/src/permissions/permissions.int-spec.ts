import { aUser, contextOf } from '@carespine/test-kit';
import type { Principal } from '@carespine/access-control';
import { aSupplier } from '../pointers/fixtures/a-pointer';
import { CRISIS_PLAN, idsIn, Locator, NEWS2, subject } from '../pointers/fixtures/locator';
import type { Permission } from './permission';

const ADMIN = aUser({ activityCodes: ['B0062'], jobRole: 'R8015' });
const OPERATOR = aUser({ activityCodes: ['B0062'], organisation: { odsCode: 'X26', name: 'Operator' } });
let locator: Locator;
beforeAll(async () => {
  locator = await Locator.start();
});
afterAll(() => locator.stop());

async function ask(
  method: string,
  path = '',
  who: Principal = ADMIN,
  body?: unknown,
): Promise<{ status: number; body: { permissions?: Permission[] } }> {
  const answer = await fetch(`${locator.service.url}/record-locator/v1/permissions${path}`, {
    method,
    headers: { ...(await contextOf(who)), ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? (JSON.parse(text) as { permissions?: Permission[] }) : {} };
}

describe('Pointer permissions', () => {
  it('are listed for the own organisation, and for the operator of all', async () => {
    const own = (await ask('GET')).body.permissions ?? [];
    expect(new Set(own.map(({ organisation }) => organisation))).toEqual(new Set(['RZZ01']));
    expect(new Set((await ask('GET', '', OPERATOR)).body.permissions?.map(({ organisation }) => organisation))).toContain('RZZ02');
  });

  it('are granted and revoked at once, and a revoked one does not come back from the settings', async () => {
    const searched = () => locator.consume(`?${subject('9990000018')}`, { who: aSupplier('fresh') });
    expect((await searched()).status).toBe(403);
    expect((await ask('PUT', '/RZZ01/fresh/consumer', ADMIN, { types: [CRISIS_PLAN], access_controls: [] })).status).toBe(204);
    const id = await locator.create({});
    expect(idsIn(await searched())).toEqual([id]);
    expect((await ask('PUT', '/RZZ01/fresh/consumer', ADMIN, [NEWS2])).status).toBe(204);
    expect(idsIn(await searched())).toEqual([]);
    expect((await ask('DELETE', '/RZZ01/fresh/consumer')).status).toBe(204);
    expect((await ask('DELETE', '/RZZ01/fresh/consumer')).status).toBe(404);
    expect((await searched()).status).toBe(403);
  });

  it('of staff are not those of an application that names their organisation so', async () => {
    const staff = aUser({ activityCodes: ['B0370'] });
    const search = (who: Principal, ods: string) => locator.consume(`?${subject('9990000018')}`, { who, ods });
    const application = aSupplier(staff.client.id);
    expect((await search(application, '* RZZ01')).status).toBe(403);
    expect((await search(staff, 'RZZ01')).status).toBe(200);
    expect((await search(application, '* RZZ01')).status).toBe(403);
  });

  it.each<[string, string, unknown, Principal, number]>([
    ['another organisation', '/RZZ02/fresh/consumer', [CRISIS_PLAN], ADMIN, 403],
    ['every organisation', '/*/fresh/consumer', [CRISIS_PLAN], ADMIN, 403],
    ['whoever is no administrator', '/RZZ01/fresh/consumer', [CRISIS_PLAN], aUser(), 403],
    ['an application', '/RZZ01/fresh/consumer', [CRISIS_PLAN], aSupplier('fresh'), 403],
    ['another side', '/RZZ01/fresh/both', [CRISIS_PLAN], ADMIN, 400],
    ['no body', '/RZZ01/fresh/consumer', undefined, ADMIN, 400],
    ['an unknown type', '/RZZ01/fresh/consumer', ['http://snomed.info/sct|1'], ADMIN, 422],
    ['types that are no list', '/RZZ01/fresh/consumer', { types: 'x' }, ADMIN, 422],
    ['an unknown control', '/RZZ01/fresh/consumer', { types: [], access_controls: ['x'] }, ADMIN, 422],
    ['anything else', '/RZZ01/fresh/consumer', { types: [], more: 1 }, ADMIN, 422],
    ['a client id that is none', '/RZZ01/a%20b/consumer', [CRISIS_PLAN], ADMIN, 422],
  ])('are not granted for %s', async (_, path, body, who, status) => expect((await ask('PUT', path, who, body)).status).toBe(status));
});
