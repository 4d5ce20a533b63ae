import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';
import { Browser, CLIENT_ID, CLIENT_SECRET, SECRET_CLIENT_ID, relyingPartyOf, startSimulator, type Simulator } from '../simulator.fixture';

const CONSULTANT = '555000000101';
const RECEPTIONIST = '555000000104';
const TWO_ROLES = '555000000106';
const SMARTCARD = 'AAL3_N3_SMARTCARD';
const ALL_SCOPES =
  'openid profile email nhsperson nationalrbacaccess associatedorgs organisationalmemberships professionalmemberships selectedrole';

let simulator: Simulator;
let relyingParty: client.Configuration;

beforeAll(async () => {
  simulator = await startSimulator();
  relyingParty = await relyingPartyOf(simulator);
});
afterAll(() => simulator.close());

/** An authorisation request, and the checks of its answer. */
async function request(parameters: Record<string, string> = {}, at = relyingParty) {
  const verifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier: verifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const url = client.buildAuthorizationUrl(at, {
    redirect_uri: simulator.redirectUri,
    scope: ALL_SCOPES,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return { url, checks };
}

/** The whole flow of a browser; answers with the verified tokens. */
async function signIn(
  { user = CONSULTANT, authenticator = SMARTCARD, role, password = '' }: Record<string, string>,
  parameters: Record<string, string> = {},
  { browser = new Browser(), at = relyingParty } = {},
) {
  const { url, checks } = await request(parameters, at);
  const page = await browser.open(url);
  let answer = await browser.open(`${page.url.href}/sign-in`, { user, authenticator, password });
  if (role) answer = await browser.open(`${answer.url.href}/role`, { role });
  const tokens = await client.authorizationCodeGrant(at, answer.url, checks);
  const claims = tokens.claims();
  if (!claims) throw new Error('no ID token');
  return { tokens, claims, userInfo: await client.fetchUserInfo(at, tokens.access_token, claims.sub), checks };
}

describe('CIS2: discovery', () => {
  it('publishes the issuer exactly as configured, and CIS2 paths', async () => {
    const metadata = relyingParty.serverMetadata();
    expect(metadata.issuer).toBe(simulator.issuer);
    expect(metadata.authorization_endpoint).toBe(`${simulator.issuer}/authorize`);
    expect(metadata.token_endpoint).toBe(`${simulator.issuer}/access_token`);
    expect(metadata.userinfo_endpoint).toBe(`${simulator.issuer}/userinfo`);
    expect(metadata.jwks_uri).toBe(`${simulator.issuer}/connect/jwk_uri`);
    expect(metadata.end_session_endpoint).toBe(`${simulator.issuer}/connect/endSession`);
    expect(metadata).toMatchObject({
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_post'],
      token_endpoint_auth_signing_alg_values_supported: ['RS512'],
      backchannel_logout_session_supported: true,
    });
    const acrValues = ['AAL2_OR_AAL3_ANY', 'AAL3_ANY', 'AAL1_USERPASS', 'AAL3_FIDO2'];
    expect(metadata['acr_values_supported']).toEqual(expect.arrayContaining(acrValues));
  });
});

describe('CIS2: ID token claims', () => {
  it('has the claims of the guidance', async () => {
    const { tokens, claims, checks } = await signIn({});
    const half = (value: string) => createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url');
    expect(decodeProtectedHeader(tokens.id_token ?? '')).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) });
    expect(claims).toEqual({
      iss: simulator.issuer,
      sub: CONSULTANT,
      aud: CLIENT_ID,
      azp: CLIENT_ID,
      exp: claims.iat + 3600,
      iat: expect.any(Number),
      auth_time: expect.any(Number),
      nonce: checks.expectedNonce,
      at_hash: half(tokens.access_token),
      c_hash: expect.any(String),
      s_hash: half(checks.expectedState),
      acr: SMARTCARD,
      amr: ['N3_SMARTCARD'],
      sid: expect.any(String),
      realm: '/NHSIdentity/Healthcare',
      tokenName: 'id_token',
      tokenType: 'JWTToken',
      auditTrackingId: expect.any(String),
      'org.forgerock.openidconnect.ops': expect.any(String),
      id_assurance_level: '3',
      authentication_assurance_level: '3',
      selected_roleid: '555000001101',
      uid: CONSULTANT,
      name: 'Okafor Ngozi Dr',
      given_name: 'Ngozi',
      family_name: 'Okafor',
    });
  });

  it('tells a client without a logout address the session too', async () => {
    const metadata = relyingParty.serverMetadata();
    const other = new client.Configuration(metadata, SECRET_CLIENT_ID, undefined, client.ClientSecretPost(CLIENT_SECRET));
    client.allowInsecureRequests(other);
    const { claims } = await signIn({}, {}, { at: other });
    expect(claims).toMatchObject({ azp: SECRET_CLIENT_ID, sid: expect.any(String) });
  });

  it('says the level of a proven identity as it is', async () => {
    expect((await signIn({ user: '555000000110' })).claims['id_assurance_level']).toBe('2');
  });
});

describe('CIS2: scopes', () => {
  const userInfoOf = async (scope: string) => Object.keys((await signIn({}, { scope })).userInfo).sort();

  it('openid gives the subject alone', async () => expect(await userInfoOf('openid')).toEqual(['sub']));
  it('profile gives the names and uid', async () =>
    expect(await userInfoOf('openid profile')).toEqual(['family_name', 'given_name', 'name', 'sub', 'uid']));
  it('nhsperson gives the person', async () =>
    expect(await userInfoOf('openid nhsperson')).toEqual([
      'display_name',
      'idassurancelevel',
      'initials',
      'nhsid_useruid',
      'sub',
      'title',
    ]));
  it('associatedorgs gives the organisations', async () =>
    expect((await signIn({ user: TWO_ROLES }, { scope: 'openid associatedorgs' })).userInfo).toEqual({
      sub: TWO_ROLES,
      nhsid_user_orgs: [
        { org_code: 'RZZ01', org_name: 'Example University Hospitals NHS Foundation Trust' },
        { org_code: 'RZZ02', org_name: 'Example Community NHS Trust' },
      ],
    }));
  it('organisationalmemberships gives the memberships', async () =>
    expect(await userInfoOf('openid organisationalmemberships')).toEqual(['nhsid_org_memberships', 'nhsid_org_roles', 'sub']));
  it('professionalmemberships gives the registrations that the person has', async () =>
    expect(await userInfoOf('openid professionalmemberships')).toEqual(['consultant_id', 'gmc_id', 'sub']));
  it('nationalrbacaccess gives the roles, with parallel arrays', async () =>
    expect((await signIn({}, { scope: 'openid nationalrbacaccess' })).userInfo['nhsid_nrbac_roles']).toEqual([
      {
        person_orgid: '555000002101',
        person_roleid: '555000001101',
        org_code: 'RZZ01',
        role_code: 'S8000:G8000:R8000',
        role_name: '"Clinical":"Clinical Provision":"Clinical Practitioner Access Role"',
        activity_codes: ['B0264', 'B0825', 'B0370', 'B0360', 'B0380', 'B0168', 'B0107', 'B0257', 'B1101'],
        activities: expect.arrayContaining(['Access NCRS', 'View Summary Health Records']),
        workgroups: ['cancer-mdt:breast', 'cancer-mdt:lung'],
        workgroups_codes: [expect.stringMatching(/^\d{12}$/), expect.stringMatching(/^\d{12}$/)],
        aow: ['"Medicine":"General Medicine":"Medical Oncology"'],
        aow_codes: ['P0010:Q0050:T0200'],
      },
    ]));
});

describe('CIS2: selected role', () => {
  it('the only role is selected without asking', async () => {
    const { claims, userInfo } = await signIn({ user: RECEPTIONIST });
    expect([claims['selected_roleid'], userInfo['selected_roleid']]).toEqual(['555000001104', '555000001104']);
  });

  it('a user with several roles picks one after signing in', async () => {
    const { claims, userInfo } = await signIn({ user: TWO_ROLES, role: '555000001206' });
    expect([claims['selected_roleid'], userInfo['selected_roleid']]).toEqual(['555000001206', '555000001206']);
  });

  it('"decide later" leaves the choice to the application', async () => {
    const { claims, userInfo } = await signIn({ user: TWO_ROLES, role: 'later' });
    expect(claims).not.toHaveProperty('selected_roleid');
    expect(userInfo).not.toHaveProperty('selected_roleid');
    expect(userInfo['nhsid_nrbac_roles']).toHaveLength(2);
  });

  it('is neither asked nor told without the scope', async () => {
    const { claims, userInfo } = await signIn({ user: TWO_ROLES }, { scope: 'openid nationalrbacaccess' });
    expect({ ...claims, ...userInfo }).not.toHaveProperty('selected_roleid');
  });

  it("refuses somebody else's role", async () => {
    const browser = new Browser();
    const page = await browser.open((await request()).url);
    const rolePage = await browser.open(`${page.url.href}/sign-in`, { user: TWO_ROLES, authenticator: SMARTCARD });
    const refused = await browser.open(`${rolePage.url.href}/role`, { role: '555000001101' });
    expect(refused.status).toBe(400);
    expect(refused.html).toContain('Select a role');
  });
});

describe('CIS2: authenticators', () => {
  const offered = async (acrValues?: string) => {
    const { html } = await new Browser().open((await request(acrValues ? { acr_values: acrValues } : {})).url);
    return [...html.matchAll(/name="authenticator" type="radio" value="([^"]+)"/g)].map(([, acr]) => acr);
  };
  const aal3 = ['AAL3_N3_SMARTCARD', 'AAL3_CIS2_SMARTCARD', 'AAL3_IOS', 'AAL3_FIDO2'];
  const aal2 = ['AAL2_TOTP', 'AAL2_NHSMAIL'];

  it.each([
    [undefined, [...aal3, ...aal2]],
    ['AAL2_OR_AAL3_ANY', [...aal3, ...aal2]],
    ['AAL3_ANY', aal3],
    ['AAL2_ANY', aal2],
    ['AAL3_SMARTCARD', ['AAL3_N3_SMARTCARD', 'AAL3_CIS2_SMARTCARD']],
    ['AAL2_TOTP', ['AAL2_TOTP']],
    ['AAL1_USERPASS', ['AAL1_USERPASS']],
    ['AAL3_IOS AAL2_NHSMAIL', ['AAL3_IOS', 'AAL2_NHSMAIL']],
  ])('acr_values %s offers the fitting ones only', async (acrValues, expected) => {
    expect(await offered(acrValues)).toEqual(expected);
  });

  it.each([
    ['AAL3_N3_SMARTCARD', 'N3_SMARTCARD', '3'],
    ['AAL3_CIS2_SMARTCARD', 'CIS2_SMARTCARD', '3'],
    ['AAL3_IOS', 'IOS', '3'],
    ['AAL2_TOTP', 'TOTP', '2'],
    ['AAL2_NHSMAIL', 'NHSMAIL', '2'],
  ])('%s is told as acr, with amr %s and level %s', async (authenticator, amr, level) => {
    const { claims } = await signIn({ authenticator });
    expect(claims).toMatchObject({ acr: authenticator, amr: [amr], authentication_assurance_level: level });
  });

  it('a password signs in at level 1 only, and only the right one', async () => {
    const parameters = { acr_values: 'AAL1_USERPASS' };
    const { claims } = await signIn({ user: RECEPTIONIST, authenticator: 'AAL1_USERPASS', password: 'receptionist-demo' }, parameters);
    expect(claims).toMatchObject({ acr: 'AAL1_USERPASS', authentication_assurance_level: '1' });

    const browser = new Browser();
    const page = await browser.open((await request(parameters)).url);
    for (const [user, password] of [[RECEPTIONIST, 'wrong'], [RECEPTIONIST, ''], [CONSULTANT, '']] as const) {
      const refused = await browser.open(`${page.url.href}/sign-in`, { user, authenticator: 'AAL1_USERPASS', password });
      expect(refused.status).toBe(400);
    }
  });

  it('refuses an authenticator that was not offered', async () => {
    const browser = new Browser();
    const page = await browser.open((await request({ acr_values: 'AAL3_ANY' })).url);
    const refused = await browser.open(`${page.url.href}/sign-in`, { user: CONSULTANT, authenticator: 'AAL2_TOTP' });
    expect(refused.status).toBe(400);
    expect(refused.html).toContain('Select how to sign in');
  });

  it('an acr_values that CIS2 does not have goes back as invalid_request', async () => {
    const { url } = await new Browser().open((await request({ acr_values: 'AAL4_ANY' })).url);
    expect(url.searchParams.get('error')).toBe('invalid_request');
    expect(url.searchParams.get('error_description')).toContain('acr_values');
  });
});

describe('CIS2: an existing session', () => {
  it('signs in again without a page, and with one for prompt=login, max_age=0 or a step-up', async () => {
    const browser = new Browser();
    await signIn({ authenticator: 'AAL2_TOTP' }, {}, { browser });
    const at = async (parameters?: Record<string, string>) => (await browser.open((await request(parameters)).url)).url.pathname;
    expect(await at()).toBe('/callback');
    expect(await at({ prompt: 'login' })).toMatch(/^\/interaction\//);
    expect(await at({ max_age: '0' })).toMatch(/^\/interaction\//);
    expect(await at({ acr_values: 'AAL3_ANY' })).toMatch(/^\/interaction\//);
    const { claims } = await signIn({ authenticator: SMARTCARD }, { acr_values: 'AAL3_ANY' }, { browser });
    expect(claims['authentication_assurance_level']).toBe('3');
    expect(await at({ acr_values: 'AAL3_ANY' })).toBe('/callback');
  });

  it('another user takes it over: the old one is signed out everywhere', async () => {
    const browser = new Browser();
    const first = await signIn({}, {}, { browser });
    simulator.logoutTokens.length = 0;
    const second = await signIn({ user: RECEPTIONIST }, { prompt: 'login' }, { browser });
    expect(second.claims.sub).toBe(RECEPTIONIST);
    expect(simulator.logoutTokens.map((token) => decodeJwt(token)['sid'])).toEqual([first.claims['sid']]);
  });
});

describe('CIS2: requests that are refused', () => {
  it.each(['code_challenge', 'state', 'nonce'])('%s is required', async (name) => {
    const { url } = await request();
    url.searchParams.delete(name);
    const answer = await new Browser().open(url);
    expect(answer.url.searchParams.get('error')).toBe('invalid_request');
  });

  it('PKCE is S256', async () => {
    const answer = await new Browser().open((await request({ code_challenge_method: 'plain' })).url);
    expect(answer.url.searchParams.get('error')).toBe('invalid_request');
  });

  it.each([
    ['client_id', 'unknown.apps.national'],
    ['redirect_uri', 'http://127.0.0.1:9/elsewhere'],
  ])('an unknown %s is shown here and never redirected', async (name, value) => {
    const { url } = await request();
    url.searchParams.set(name, value);
    const answer = await new Browser().open(url);
    expect(answer.status).toBe(400);
    expect(answer.html).toContain('CIS2 cannot sign you in');
  });

  it('a code works once, and only with its verifier', async () => {
    const browser = new Browser();
    const { url, checks } = await request();
    const page = await browser.open(url);
    const answer = await browser.open(`${page.url.href}/sign-in`, { user: CONSULTANT, authenticator: SMARTCARD });
    const redeem = (pkceCodeVerifier: string) => client.authorizationCodeGrant(relyingParty, answer.url, { ...checks, pkceCodeVerifier });
    await expect(redeem(client.randomPKCECodeVerifier())).rejects.toMatchObject({ error: 'invalid_grant' });
    await redeem(checks.pkceCodeVerifier);
    await expect(redeem(checks.pkceCodeVerifier)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('a client assertion must be RS512', async () => {
    const { kid } = simulator.clientKey;
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('jwk', { ...simulator.clientKey, alg: 'RS256' }, algorithm, false, ['sign']);
    const weak = new client.Configuration(relyingParty.serverMetadata(), CLIENT_ID, undefined, client.PrivateKeyJwt({ key, kid }));
    client.allowInsecureRequests(weak);
    await expect(signIn({}, {}, { at: weak })).rejects.toMatchObject({ error: 'invalid_client' });
  });

  it('a sign-in page without its cookie says that the sign-in has expired', async () => {
    const page = await new Browser().open((await request()).url);
    const other = await new Browser().open(page.url);
    expect(other.status).toBe(400);
    expect(other.html).toContain('Your sign-in has expired');
  });

  it('cancel goes back as access_denied', async () => {
    const browser = new Browser();
    const page = await browser.open((await request()).url);
    const answer = await browser.open(`${page.url.href}/cancel`, {});
    expect(answer.url.searchParams.get('error')).toBe('access_denied');
  });
});
