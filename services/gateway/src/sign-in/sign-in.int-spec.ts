import { Client } from 'pg';
import { Interaction, Outcome } from '@carespine/contracts';
import { Sessions } from '../sessions/sessions';
import { Browser, type Answer } from './fixtures/browser';
import { aRole, aUserinfo, CLIENT_ID, USER_ID } from './fixtures/fake-provider';
import { recordsOf } from '../oauth2/fixtures/running';
import { provider, service, replica, aBrowser, signIn, secondsLeft, within2Seconds } from './fixtures/two-replicas';

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
