import { Client } from 'pg';
import { Interaction, Outcome } from '@carespine/contracts';
import { startService, type RunningService } from '@carespine/test-kit';
import { Clock } from '../sessions/clock';
import { Sessions } from '../sessions/sessions';
import { Browser, type Answer } from './fixtures/browser';
import { aRole, aUserinfo, CLIENT_ID, FakeProvider, USER_ID } from './fixtures/fake-provider';
import { recordsOf } from '../oauth2/fixtures/running';
import { settings, signInService } from './fixtures/sign-in-service';

jest.setTimeout(30_000);

let provider: FakeProvider;
let service: RunningService;
let replica: RunningService;
let aheadMs = 0;

beforeAll(async () => {
  provider = await FakeProvider.start();
  service = await startService(signInService, settings(provider.issuer));
  const stores = { DATABASE_URL: service.databaseUrl, EVENT_LOG_URL: service.eventLogUrl };
  replica = await startService(signInService, { ...settings(provider.issuer), ...stores });
  for (const { app } of [service, replica]) {
    jest.spyOn(app.get(Clock, { strict: false }), 'nowMs').mockImplementation(() => Date.now() + aheadMs);
  }
});

afterEach(() => {
  provider.straighten();
  aheadMs = 0;
});

afterAll(async () => {
  await replica?.stop();
  await service?.stop();
  await provider?.stop();
});

const aBrowser = (): Browser => new Browser(service.url);

async function signIn(browser: Browser, returnTo?: string): Promise<Answer> {
  const login = await browser.get(`/auth/login${returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`}`);
  return browser.get(provider.authorize(login.location));
}

const secondsLeft = async (browser: Browser): Promise<{ secondsLeft: number; absoluteSecondsLeft: number }> =>
  JSON.parse((await browser.get('/auth/session')).text) as { secondsLeft: number; absoluteSecondsLeft: number };

const later = (minutes: number): void => void (aheadMs += minutes * 60_000);

describe('identity and access: sign-in', () => {
  it('asks CIS2 for a code with PKCE S256, state, nonce, max_age and the levels that are accepted', async () => {
    const { status, location, headers, setCookies } = await aBrowser().get('/auth/login');
    const url = new URL(location);
    expect(status).toBe(303);
    expect(url.href).toContain(`${provider.issuer}/authorize?`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: 'http://127.0.0.1:8080/auth/callback',
      scope: 'openid profile nhsperson nationalrbacaccess associatedorgs selectedrole',
      acr_values: 'AAL2_OR_AAL3_ANY',
      code_challenge_method: 'S256',
      max_age: '300',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(url.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(setCookies).toEqual([expect.stringMatching(/^__Host-sign-in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)]);
  });

  it('starts a session in the only role, behind an opaque __Host- cookie, and records it', async () => {
    const answer = await signIn(aBrowser());
    expect(answer.status).toBe(303);
    expect(answer.location).toBe('/find-a-patient');
    expect(answer.setCookies).toEqual([expect.stringMatching(/^__Host-carespine=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)]);
    const [record] = await recordsOf(answer.requestId, service);
    expect(record).toMatchObject({
      interaction: Interaction.SIGN_IN,
      outcome: Outcome.SUCCESS,
      agent: { userId: USER_ID, roleProfileId: '555000001101', jobRole: 'R8000', odsCode: 'RZZ01', authenticationAssuranceLevel: 2 },
    });
  });

  it('stores hashes, not cookie values', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const client = new Client({ connectionString: service.databaseUrl });
    await client.connect();
    const { rows } = await client.query('SELECT row_to_json(s) AS row FROM sessions s UNION ALL SELECT row_to_json(s) FROM sign_ins s');
    await client.end();
    for (const secret of browser.cookies.values()) expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it.each([
    ['/patients/abc', '/patients/abc'],
    ['//evil.example', '/'],
    ['https://evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['/a\r\nset-cookie: a=b', '/'],
    ['/päth', '/'],
  ])('returns to a local path only: %j', async (asked, expected) => {
    expect((await signIn(aBrowser(), asked)).location).toBe(expected);
  });

  it('takes the role that CIS2 returned in selected_roleid', async () => {
    provider.userinfo = aUserinfo({
      nhsid_nrbac_roles: [aRole(), aRole({ person_roleid: '555000001102', org_code: 'RZZ02' })],
      selected_roleid: '555000001102',
    });
    const answer = await signIn(aBrowser());
    expect(answer.location).toBe('/find-a-patient');
    expect((await recordsOf(answer.requestId, service))[0]?.agent).toMatchObject({ roleProfileId: '555000001102', odsCode: 'RZZ02' });
  });

  it('answers 503 and sets no session cookie when the record cannot be written', async () => {
    const client = new Client({ connectionString: service.databaseUrl });
    await client.connect();
    await client.query('ALTER TABLE outbox ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID');
    try {
      const good = await signIn(aBrowser());
      expect(good.status).toBe(503);
      expect(good.setCookies).toEqual([]);
      provider.bend = { claims: (claims) => ({ ...claims, aud: 'another' }) };
      expect((await signIn(aBrowser())).status).toBe(503);
    } finally {
      await client.query('ALTER TABLE outbox DROP CONSTRAINT full_up');
      await client.end();
    }
  });
});

describe('identity and access: role selection', () => {
  const twoRoles = aUserinfo({ nhsid_nrbac_roles: [aRole(), aRole({ person_roleid: '555000001102', org_code: 'RZZ02' })] });

  it('shows the chooser when several roles fit and none is selected; the choice makes a new session', async () => {
    provider.userinfo = twoRoles;
    const browser = aBrowser();
    const answer = await signIn(browser, '/who-looked');
    expect(answer.location).toBe('/choose-role?returnTo=%2Fwho-looked');
    const before = browser.cookies.get('__Host-carespine');
    const chosen = await browser.post('/auth/role', { roleId: '555000001102', returnTo: '/who-looked' });
    expect(chosen.location).toBe('/who-looked');
    expect(browser.cookies.get('__Host-carespine')).not.toBe(before);
    expect(await recordsOf(chosen.requestId, service)).toMatchObject([
      { interaction: Interaction.ROLE_CHANGE, outcome: Outcome.SUCCESS, agent: { roleProfileId: '555000001102' } },
    ]);
  });

  it('ends everything of the old role with a change: another session id, and the old cookie is dead on every replica', async () => {
    provider.userinfo = twoRoles;
    const browser = aBrowser();
    await signIn(browser);
    await browser.post('/auth/role', { roleId: '555000001101' });
    const sessions = service.app.get(Sessions, { strict: false });
    const old = browser.at(replica.url);
    const first = await sessions.peek(browser.cookies.get('__Host-carespine'));
    expect((await old.get('/auth/session')).status).toBe(200);
    await browser.post('/auth/role', { roleId: '555000001102' });
    const second = await sessions.peek(browser.cookies.get('__Host-carespine'));
    expect(second?.id).not.toBe(first?.id);
    expect(second?.startedAt).toEqual(first?.startedAt);
    expect((await old.at(service.url).get('/auth/session')).status).toBe(401);
    await within2Seconds(async () => (await old.get('/auth/session')).status === 401);
  });

  it.each([
    ['not one of the user’s roles', '555000009999', '/sign-in-problem?reason=role'],
    ['of an organisation that is not on the platform', '555000001109', '/sign-in-problem?reason=organisation'],
  ])('refuses a role that is %s, and keeps the session as it is', async (_why, roleId, location) => {
    provider.userinfo = aUserinfo({
      nhsid_nrbac_roles: [aRole(), aRole({ person_roleid: '555000001102' }), aRole({ person_roleid: '555000001109', org_code: 'RZZ09' })],
    });
    const browser = aBrowser();
    await signIn(browser);
    const answer = await browser.post('/auth/role', { roleId });
    expect(answer.location).toBe(location);
    expect(answer.setCookies).toEqual([]);
    expect(await recordsOf(answer.requestId, service)).toMatchObject([
      { interaction: Interaction.ROLE_CHANGE, outcome: Outcome.MINOR_FAILURE, agent: { userId: USER_ID } },
    ]);
    expect((await browser.get('/auth/session')).status).toBe(200);
  });

  it.each<Record<string, string>>([{}, { roleId: '' }, { roleId: "1' OR 1=1" }])('refuses a malformed role id with 400: %j', async (form) => {
    const browser = aBrowser();
    await signIn(browser);
    expect((await browser.post('/auth/role', form)).status).toBe(400);
  });

  it('sends somebody without a session to sign in', async () => {
    expect((await aBrowser().post('/auth/role', { roleId: '555000001101' })).location).toBe('/auth/login?returnTo=%2Ffind-a-patient');
    expect((await aBrowser().get('/auth/step-up?returnTo=/who-looked')).location).toBe('/auth/login?returnTo=%2Fwho-looked');
  });
});

describe('identity and access: step-up (RFC 9470)', () => {
  async function stepUp(browser: Browser): Promise<Answer> {
    const asked = await browser.get('/auth/step-up?returnTo=/who-looked');
    expect(Object.fromEntries(new URL(asked.location).searchParams)).toMatchObject({
      acr_values: 'AAL3_ANY',
      prompt: 'login',
      max_age: '0',
      scope: 'openid profile nhsperson nationalrbacaccess associatedorgs',
    });
    return browser.get(provider.authorize(asked.location));
  }

  it('asks for a stronger acr, raises the level, keeps the role and the session id, and changes the cookie', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const sessions = service.app.get(Sessions, { strict: false });
    const cookie = browser.cookies.get('__Host-carespine');
    const before = await sessions.peek(cookie);
    Object.assign(provider, { aal: 3, acr: 'AAL3_FIDO2' });
    const answer = await stepUp(browser);
    expect(answer.location).toBe('/who-looked');
    const after = await sessions.peek(browser.cookies.get('__Host-carespine'));
    expect(after).toMatchObject({ id: before?.id, positionId: before?.positionId, aal: 3 });
    expect(browser.cookies.get('__Host-carespine')).not.toBe(cookie);
    expect(await sessions.peek(cookie)).toBeUndefined();
    expect((await secondsLeft(browser)).secondsLeft).toBeLessThanOrEqual(900);
    expect(await recordsOf(answer.requestId, service)).toMatchObject([
      { interaction: Interaction.STEP_UP, outcome: Outcome.SUCCESS, agent: { authenticationAssuranceLevel: 3 } },
    ]);
    expect((await browser.get('/auth/step-up?returnTo=/who-looked')).location).toBe('/who-looked');
  });

  const becomeAnother = (): void => {
    provider.sub = '555000000102';
    provider.userinfo = aUserinfo({ sub: provider.sub, uid: undefined, nhsid_useruid: undefined });
  };
  const authenticatedSecondsAgo = (seconds: number): void => {
    provider.bend = { claims: (claims) => ({ ...claims, auth_time: provider.seconds() - seconds }) };
  };
  const loseTheRole = (): void => {
    provider.userinfo = aUserinfo({ nhsid_nrbac_roles: [aRole({ person_roleid: '555000001102' })] });
  };

  it.each<[string, () => void, string, Outcome]>([
    ['another user', becomeAnother, 'failed', Outcome.SERIOUS_FAILURE],
    ['the same strength as before', () => Object.assign(provider, { aal: 2, acr: 'AAL2_TOTP' }), 'authenticator', Outcome.MINOR_FAILURE],
    ['a strong level with a weak acr', () => (provider.acr = 'AAL2_TOTP'), 'authenticator', Outcome.MINOR_FAILURE],
    ['an authentication of before', () => authenticatedSecondsAgo(60), 'failed', Outcome.SERIOUS_FAILURE],
    ['a role list without the role', loseTheRole, 'role', Outcome.MINOR_FAILURE],
  ])('refuses %s, and leaves the session as it was', async (_what, bend, reason, outcome) => {
    const browser = aBrowser();
    await signIn(browser);
    Object.assign(provider, { aal: 3, acr: 'AAL3_FIDO2' });
    bend();
    const answer = await stepUp(browser);
    expect(answer.location).toBe(`/sign-in-problem?reason=${reason}`);
    expect(answer.setCookies).toEqual([]);
    expect(await recordsOf(answer.requestId, service)).toMatchObject([{ interaction: Interaction.STEP_UP, outcome }]);
    expect(await service.app.get(Sessions, { strict: false }).peek(browser.cookies.get('__Host-carespine'))).toMatchObject({ aal: 2 });
  });

  it('is a sign-in like any other when the session ran out meanwhile', async () => {
    const browser = aBrowser();
    await signIn(browser);
    const asked = await browser.get('/auth/step-up?returnTo=/who-looked');
    browser.cookies.delete('__Host-carespine');
    Object.assign(provider, { aal: 3, acr: 'AAL3_FIDO2' });
    const answer = await browser.get(provider.authorize(asked.location));
    expect(answer.location).toBe('/who-looked');
    expect(await recordsOf(answer.requestId, service)).toMatchObject([
      { interaction: Interaction.SIGN_IN, outcome: Outcome.SUCCESS },
      { interaction: Interaction.SIGN_OUT, outcomeDescription: 'elsewhere' },
    ]);
  });
});

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

async function within2Seconds(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('not within 2 seconds');
  }
}
