import { randomUUID } from 'node:crypto';
import { Outcome } from '@carespine/contracts';
import { Database } from '@carespine/service-kit';
import { type RunningService } from '@carespine/test-kit';
import { Revocations } from '../sessions/revocations';
import { aUserinfo, USER_ID } from '../sign-in/fixtures/fake-provider';
import { assertion, idToken } from './fixtures/supplier';
import { provider, directory, service, replica, supplier, clock, find, expectRefusal, expectRecord } from './fixtures/token-endpoint';

describe('identity and access: refresh', () => {
  const signedIn = async (): Promise<Record<string, string>> => (await supplier.exchange(idToken(provider))).body;
  const later = (): { client_assertion: string } => ({
    client_assertion: assertion('clinical-app', { exp: Math.floor((Date.now() + clock.aheadMs) / 1000) + 60 }),
  });

  it('returns a new refresh token, counts up, and its time counts from the sign-in', async () => {
    const first = await signedIn();
    clock.aheadMs = 3_600_000;
    const answer = await supplier.refresh(first['refresh_token'], later());
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      expires_in: '599',
      token_type: 'Bearer',
      issued_at: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_count: '1',
      refresh_token_expires_in: expect.stringMatching(/^395\d\d$/),
    });
    expect(answer.body['refresh_token']).not.toBe(first['refresh_token']);
    await expectRecord(answer, Outcome.SUCCESS, { interactionName: 'Issue token: refresh', agent: { userId: USER_ID, clientId: 'clinical-app' } });
    clock.aheadMs = 7_200_000;
    const { body } = await supplier.refresh(answer.body['refresh_token'], later());
    expect(body['refresh_count']).toBe('2');
    expect(Number(body['refresh_token_expires_in'])).toBeLessThanOrEqual(36_000);
    expect(await find(body['access_token'])).toMatchObject({ staff: { userId: USER_ID }, aal: 3, sid: provider.sid });
  });

  it('asks the directory again: who lost a role acts in it no longer', async () => {
    const first = await signedIn();
    directory.document = aUserinfo({ nhsid_nrbac_roles: [] });
    const { body } = await supplier.refresh(first['refresh_token']);
    expect((await find(body['access_token']))?.staff?.positions).toEqual([]);
  });

  it('leaves the refresh token good when the directory cannot be asked', async () => {
    const first = await signedIn();
    directory.status = 500;
    expect((await supplier.refresh(first['refresh_token'])).status).toBe(503);
    directory.status = 200;
    expect((await supplier.refresh(first['refresh_token'])).status).toBe(200);
  });

  it('ends 12 h after the sign-in: 401 invalid_grant', async () => {
    const first = await signedIn();
    clock.aheadMs = 12 * 3_600_000 - 60_000;
    const last = await supplier.refresh(first['refresh_token'], later());
    expect(Number(last.body['expires_in'])).toBeLessThanOrEqual(59);
    clock.aheadMs = 12 * 3_600_000;
    const answer = await supplier.refresh(last.body['refresh_token'], later());
    expectRefusal(answer, 401, 'invalid_grant', /refresh_token .*expired/);
  });

  it('refuses a used refresh token, 401 invalid_grant, and ends everything that came of it, on every replica', async () => {
    const first = await signedIn();
    const second = (await supplier.refresh(first['refresh_token'])).body;
    for (const at of [service, replica]) {
      expect(await find(first['access_token'], at)).toBeDefined();
      expect(await find(second['access_token'], at)).toBeDefined();
    }
    const reuse = await supplier.refresh(first['refresh_token']);
    expectRefusal(reuse, 401, 'invalid_grant', 'refresh_token is invalid');
    await expectRecord(reuse, Outcome.SERIOUS_FAILURE, { agent: { clientId: 'clinical-app' } });
    for (const at of [service, replica]) {
      for (const { access_token } of [first, second]) await gone(access_token, at);
    }
    expectRefusal(await supplier.refresh(second['refresh_token']), 401, 'invalid_grant', 'refresh_token is invalid');
  });

  it('lets exactly one of several at once use a refresh token', async () => {
    const first = await signedIn();
    const answers = await Promise.all(Array.from({ length: 8 }, () => supplier.refresh(first['refresh_token'])));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(7);
    const winner = answers.find(({ status }) => status === 200);
    await gone(winner?.body['access_token'], service);
  });

  it('refuses the refresh token of another application', async () => {
    const first = await signedIn();
    const answer = await supplier.refresh(first['refresh_token'], { client_assertion: assertion('other-supplier') });
    expectRefusal(answer, 401, 'invalid_grant', 'refresh_token is invalid');
    await expectRecord(answer, Outcome.SERIOUS_FAILURE);
    expect((await supplier.refresh(first['refresh_token'])).status).toBe(200);
  });

  it('does not take an access token for a refresh token, nor the other way round', async () => {
    const first = await signedIn();
    expectRefusal(await supplier.refresh(first['access_token']), 401, 'invalid_grant', 'refresh_token is invalid');
    expect(await find(first['refresh_token'])).toBeUndefined();
  });

  it.each([
    ['refresh token missing', { refresh_token: undefined }, 400, 'invalid_request', 'refresh_token is missing'],
    ['refresh token wrong', { refresh_token: 'invalid' }, 401, 'invalid_grant', 'refresh_token is invalid'],
    ['refresh token unknown', { refresh_token: 'A'.repeat(43) }, 401, 'invalid_grant', 'refresh_token is invalid'],
    ['client id missing', { client_assertion: undefined, client_assertion_type: undefined }, 401, 'invalid_request', 'client_id is missing'],
    ['client secret missing', { client_assertion: undefined, client_assertion_type: undefined, client_id: 'clinical-app' }, 401, 'invalid_request', 'client_secret is missing'],
    ['client id or secret wrong', { client_assertion: undefined, client_assertion_type: undefined, client_id: 'clinical-app', client_secret: 'x' }, 401, 'invalid_client', 'client_id or client_secret is invalid'],
    ['client id of another', { client_id: 'tracing-app' }, 400, 'invalid_request', 'client_id'],
    ['assertion type wrong', { client_assertion_type: 'x' }, 400, 'invalid_request', 'client_assertion_type'],
    ['assertion missing', { client_assertion: undefined }, 400, 'invalid_request', 'Missing client_assertion'],
  ])('%s', async (_, form, status, error, description) => {
    const answer = await supplier.refresh((await signedIn())['refresh_token'], form);
    expectRefusal(answer, status, error, description);
    await expectRecord(answer, Outcome.MINOR_FAILURE);
  });
});

/** Within the two seconds that a revocation may take. */
async function gone(token: string | undefined, at: RunningService): Promise<void> {
  const deadline = Date.now() + 2000;
  while (await find(token, at)) {
    if (Date.now() > deadline) throw new Error('the token is still good');
    await new Promise(setImmediate);
  }
}

describe('identity and access: revocation by sid', () => {
  it('ends every access and refresh token of the session within 2 s on every replica, also those refreshed from it', async () => {
    const first = (await supplier.exchange(idToken(provider))).body;
    const second = (await supplier.refresh(first['refresh_token'])).body;
    const another = (await supplier.exchange(idToken(provider, { sid: randomUUID() }))).body;
    for (const at of [service, replica]) for (const { access_token } of [first, second, another]) expect(await find(access_token, at)).toBeDefined();
    const revocations = replica.app.get(Revocations, { strict: false });
    expect(await revocations.isKnown(provider.sid)).toBe(true);
    await replica.app.get(Database).transaction((tx) => revocations.revokeSid(provider.sid, tx));
    for (const at of [service, replica]) for (const { access_token } of [first, second]) await gone(access_token, at);
    expectRefusal(await supplier.refresh(second['refresh_token']), 401, 'invalid_grant', 'refresh_token is invalid');
    expect(await find(another['access_token'])).toBeDefined();
  });

  it('refuses an ID token of a session that has ended', async () => {
    const token = idToken(provider, { auth_time: provider.seconds() - 30 });
    await service.app.get(Database).transaction((tx) => service.app.get(Revocations, { strict: false }).revokeSid(provider.sid, tx));
    expectRefusal(await supplier.exchange(token), 401, 'invalid_grant', "'sid' claim in subject_token JWT");
  });

  it('tells what it knows of a session', async () => {
    expect(await service.app.get(Revocations, { strict: false }).isKnown(randomUUID())).toBe(false);
  });
});
