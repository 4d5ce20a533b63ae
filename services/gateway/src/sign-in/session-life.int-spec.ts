import { Client } from 'pg';
import { Interaction, Outcome } from '@carespine/contracts';
import { Sessions } from '../sessions/sessions';
import { Browser, type Answer } from './fixtures/browser';
import { USER_ID } from './fixtures/fake-provider';
import { recordsOf } from '../oauth2/fixtures/running';
import { provider, service, replica, aBrowser, signIn, secondsLeft, later, within2Seconds } from './fixtures/two-replicas';

describe('identity and access: session limits', () => {
  it.each([
    [2, 'AAL2_TOTP', 30],
    [3, 'AAL3_FIDO2', 15],
  ])('ends an AAL%i session (%s) after %i minutes without a request, and says so', async (aal, acr, minutes) => {
    Object.assign(provider, { aal, acr });
    const browser = aBrowser();
    await signIn(browser);
    expect((await secondsLeft(browser)).secondsLeft).toBeGreaterThan(minutes * 60 - 5);
    later(minutes - 1);
    expect((await browser.post('/auth/keep-alive')).status).toBe(204);
    later(minutes - 1);
    expect((await secondsLeft(browser)).secondsLeft).toBeLessThanOrEqual(60);
    later(1);
    const over = await browser.get('/auth/session');
    expect(over.status).toBe(401);
    expect(JSON.parse(over.text)).toEqual({ reason: 'idle' });
    expect((await browser.post('/auth/keep-alive')).status).toBe(401);
  });

  it('ends a session after 12 hours, however busy', async () => {
    const browser = aBrowser();
    await signIn(browser);
    for (let hours = 0.25; hours < 12; hours += 0.25) {
      later(15);
      expect((await browser.post('/auth/keep-alive')).status).toBe(204);
    }
    const left = await secondsLeft(browser);
    expect(left.absoluteSecondsLeft).toBeLessThanOrEqual(15 * 60);
    expect(left.secondsLeft).toBe(left.absoluteSecondsLeft);
    later(15);
    expect(JSON.parse((await browser.get('/auth/session')).text)).toEqual({ reason: 'absolute' });
  });

  it('does not extend a session by asking how long it has', async () => {
    const browser = aBrowser();
    await signIn(browser);
    for (let minutes = 0; minutes < 30; minutes += 5) {
      expect((await browser.get('/auth/session')).status).toBe(200);
      later(5);
    }
    expect((await browser.get('/auth/session')).status).toBe(401);
  });

  it('lets requests at one replica keep the session alive at another', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const elsewhere = browser.at(replica.url);
    expect((await elsewhere.get('/auth/session')).status).toBe(200);
    for (let i = 0; i < 2; i++) {
      later(20);
      await browser.post('/auth/keep-alive');
    }
    await within2Seconds(async () => (await elsewhere.get('/auth/session')).status === 200);
  });

  it('gives a user one session: a newer sign-in ends the older, which learns why', async () => {
    const [first, second] = [aBrowser(), aBrowser()];
    await signIn(first);
    const answer = await signIn(second);
    expect(await recordsOf(answer.requestId, service)).toMatchObject([
      { interaction: Interaction.SIGN_IN, outcome: Outcome.SUCCESS },
      { interaction: Interaction.SIGN_OUT, outcome: Outcome.SUCCESS, outcomeDescription: 'elsewhere' },
    ]);
    expect(JSON.parse((await first.get('/auth/session')).text)).toEqual({ reason: 'elsewhere' });
    expect((await second.get('/auth/session')).status).toBe(200);
  });

  it('gives a user one session also when she signs in everywhere at once', async () => {
    const browsers = Array.from({ length: 6 }, (_, i) => new Browser(i % 2 ? service.url : replica.url));
    const answers = await Promise.all(browsers.map((browser) => signIn(browser)));
    expect(answers.map(({ location }) => location)).toEqual(browsers.map(() => '/find-a-patient'));
    await within2Seconds(async () => {
      const states = await Promise.all(browsers.map(async (browser) => (await browser.get('/auth/session')).status));
      return states.filter((status) => status === 200).length === 1;
    });
  });

  it('answers a warm request without the database', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const sessions = service.app.get(Sessions, { strict: false });
    const cookie = browser.cookies.get('__Host-carespine') ?? '';
    // a session is remembered unless something was revoked while it was read
    await within2Seconds(async () => (await sessions.find(cookie)) === (await sessions.find(cookie)));
    const query = jest.spyOn(Client.prototype, 'query');
    const [first, again] = [await sessions.find(cookie), await sessions.find(cookie)];
    const asked = query.mock.calls.filter(([text]) => JSON.stringify(text).includes('sessions'));
    query.mockRestore();
    expect(again).toBe(first);
    expect(asked).toEqual([]);
  });
});

describe('identity and access: sign-out', () => {
  it('ends the session, then sends the browser to CIS2’s end of session', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const cookie = browser.cookies.get('__Host-carespine') ?? '';
    const answer = await browser.post('/auth/logout');
    const url = new URL(answer.location);
    expect(answer.status).toBe(303);
    expect(url.href).toContain(`${provider.issuer}/connect/endSession?`);
    expect(url.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe('http://127.0.0.1:8080/signed-out');
    expect([...browser.cookies]).toEqual([]);
    expect(await service.app.get(Sessions, { strict: false }).find(cookie)).toBeUndefined();
    expect(await recordsOf(answer.requestId, service)).toMatchObject([
      { interaction: Interaction.SIGN_OUT, outcome: Outcome.SUCCESS, agent: { userId: USER_ID } },
    ]);
  });

  it('is no fault without a session', async () => {
    expect((await aBrowser().post('/auth/logout')).location).toBe('/signed-out');
  });
});

describe('requests that another site makes', () => {
  it.each<[string, Record<string, string>, number]>([
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }, 403],
    ['a foreign Origin', { 'sec-fetch-site': '', origin: 'https://evil.example' }, 403],
    ['Sec-Fetch-Site: same-origin', { 'sec-fetch-site': 'same-origin' }, 204],
    ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }, 204],
  ])('a POST with the session cookie and %s is judged', async (_what, headers, status) => {
    const browser = aBrowser();
    await signIn(browser);
    expect((await browser.post('/auth/keep-alive', {}, headers)).status).toBe(status);
  });
});

describe('identity and access: back-channel logout', () => {
  const logout = (token: string, at = service.url, path = '/auth/backchannel-logout'): Promise<Answer> =>
    new Browser(at).post(path, { logout_token: token });

  it.each(['/auth/backchannel-logout', '/oauth2/backchannel_logout'])('ends the session on every replica within 2 s (%s)', async (path) => {
    const browser = aBrowser();
    await signIn(browser);
    const elsewhere = browser.at(replica.url);
    expect((await elsewhere.get('/auth/session')).status).toBe(200);
    const answer = await logout(await provider.logoutToken(), service.url, path);
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, '', 'no-store']);
    expect((await browser.get('/auth/session')).status).toBe(401);
    await within2Seconds(async () => (await elsewhere.get('/auth/session')).status === 401);
    expect(await recordsOf(answer.requestId, service)).toMatchObject([
      { interaction: Interaction.SIGN_OUT, outcome: Outcome.SUCCESS, outcomeDescription: 'back-channel', agent: { userId: USER_ID } },
    ]);
  });

  it('ends the session within 2 s on a replica whose listening connection was cut', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const elsewhere = browser.at(replica.url);
    expect((await elsewhere.get('/auth/session')).status).toBe(200);
    const client = new Client({ connectionString: service.databaseUrl });
    await client.connect();
    await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'gateway revocations' AND datname = current_database()`);
    await client.end();
    expect((await logout(await provider.logoutToken())).status).toBe(200);
    await within2Seconds(async () => (await elsewhere.get('/auth/session')).status === 401);
    await within2Seconds(async () => (await browser.get('/auth/session')).status === 401);
  });

  it('ends the sessions of a user when the token names only her', async () => {
    const browser = aBrowser();
    await signIn(browser);
    expect((await logout(await provider.logoutToken({ sid: undefined, sub: USER_ID }))).status).toBe(200);
    expect((await browser.get('/auth/session')).status).toBe(401);
  });

  it('is good again for a session that is over, and 501 for one that never was', async () => {
    const browser = aBrowser();
    await signIn(browser);
    await browser.post('/auth/logout');
    expect((await logout(await provider.logoutToken())).status).toBe(200);
    expect((await logout(await provider.logoutToken({ sid: 'never-seen' }))).status).toBe(501);
  });

  it('refuses a sign-in whose CIS2 session ended on the way', async () => {
    const browser = aBrowser();
    const login = await browser.get('/auth/login');
    const callback = provider.authorize(login.location);
    provider.bend = { claims: (claims) => ({ ...claims, auth_time: provider.seconds() - 5 }) };
    expect((await logout(await provider.logoutToken())).status).toBe(501);
    expect((await browser.get(callback)).location).toBe('/sign-in-problem?reason=failed');
  });

  it.each<[string, () => Promise<string>, string]>([
    ['another audience', () => provider.logoutToken({ aud: 'another' }), 'aud'],
    ['another issuer', () => provider.logoutToken({ iss: 'https://evil.example' }), 'iss'],
    ['no events', () => provider.logoutToken({ events: undefined }), 'events'],
    ['another event', () => provider.logoutToken({ events: { 'https://evil.example': {} } }), 'events'],
    ['an event that is no object', () => provider.logoutToken({ events: { 'http://schemas.openid.net/event/backchannel-logout': true } }), 'events'],
    ['a nonce', () => provider.logoutToken({ nonce: 'n' }), 'nonce'],
    ['neither sid nor sub', () => provider.logoutToken({ sid: undefined }), 'sid'],
    ['a sid that is no text', () => provider.logoutToken({ sid: ['a'] }), 'sid'],
    ['the session of another user', () => provider.logoutToken({ sub: '555000000999' }), 'sub'],
    ['no jti', () => provider.logoutToken({ jti: undefined }), 'jti'],
    ['no iat', () => provider.logoutToken({ iat: undefined }), 'iat'],
    ['an iat in the future', () => provider.logoutToken({ iat: provider.seconds() + 60 }), 'iat'],
    ['an iat older than 300 s', () => provider.logoutToken({ iat: provider.seconds() - 301 }), 'iat'],
    ['an iat before the session’s own sign-in', () => provider.logoutToken({ iat: provider.seconds() - 60 }), 'iat'],
    ['an exp that has passed', () => provider.logoutToken({ exp: provider.seconds() - 60 }), 'exp'],
    ['an unknown kid', () => provider.logoutToken({}, { kid: 'unknown' }), 'kid'],
    ['no kid', () => provider.logoutToken({}, { kid: '' }), 'kid'],
    ['RS512', () => provider.logoutToken({}, { alg: 'RS512' }), 'alg'],
    ['another type', () => provider.logoutToken({}, { typ: 'at+jwt' }), 'typ'],
    ['a signature cut short', async () => (await provider.logoutToken()).slice(0, -8), 'signature'],
    ['no token at all', () => Promise.resolve('rubbish'), 'shape'],
  ])('refuses a token with %s, and the session goes on', async (_what, token, named) => {
    const browser = aBrowser();
    await signIn(browser);
    const answer = await logout(await token());
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({ error: 'invalid_request', error_description: expect.stringContaining(named) as string });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await browser.get('/auth/session')).status).toBe(200);
    expect(await recordsOf(answer.requestId, service)).toMatchObject([{ interaction: Interaction.SIGN_OUT, outcome: Outcome.SERIOUS_FAILURE }]);
  });

  it('refuses a token that was used, and a form without one', async () => {
    await signIn(aBrowser());
    const token = await provider.logoutToken();
    expect((await logout(token)).status).toBe(200);
    expect((await logout(token)).status).toBe(400);
    expect((await new Browser(service.url).post('/auth/backchannel-logout', {})).status).toBe(400);
  });
});
