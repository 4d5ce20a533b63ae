import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { Browser, CLIENT_ID, relyingPartyOf, startSimulator, type Simulator } from '../simulator.fixture';

let simulator: Simulator;
let relyingParty: client.Configuration;

beforeAll(async () => {
  simulator = await startSimulator();
  relyingParty = await relyingPartyOf(simulator);
});
beforeEach(() => (simulator.logoutTokens.length = 0));
afterAll(() => simulator.close());

async function signIn() {
  const browser = new Browser();
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const page = await browser.open(
    client.buildAuthorizationUrl(relyingParty, {
      redirect_uri: simulator.redirectUri,
      scope: 'openid',
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  );
  const answer = await browser.open(`${page.url.href}/sign-in`, { user: '555000000103', authenticator: 'AAL3_CIS2_SMARTCARD' });
  const tokens = await client.authorizationCodeGrant(relyingParty, answer.url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  const claims = tokens.claims();
  if (!claims) throw new Error('no ID token');
  return { browser, tokens, claims };
}

function endOf(page: string, name: string): string {
  const form = page.split('<h2').find((part) => part.includes(name));
  return /action="([^"]+)"/.exec(form ?? '')?.[1] ?? '';
}

describe('OpenID Connect Back-Channel Logout 1.0', () => {
  it('taking the smartcard out sends a logout token and ends the tokens', async () => {
    const { browser, tokens, claims } = await signIn();
    const { html } = await browser.open(`${simulator.origin}/sessions`);
    const action = endOf(html, 'Priya Nair');
    expect((await browser.open(`${simulator.origin}${action}`, {})).html).not.toContain('Priya Nair');

    const keys = createRemoteJWKSet(new URL(`${simulator.issuer}/connect/jwk_uri`));
    const { payload } = await jwtVerify(simulator.logoutTokens[0] ?? '', keys, {
      issuer: simulator.issuer,
      audience: CLIENT_ID,
      algorithms: ['RS256'],
      typ: 'logout+jwt',
    });
    expect(payload).toEqual({
      iss: simulator.issuer,
      aud: CLIENT_ID,
      sub: claims.sub,
      sid: claims['sid'],
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    await expect(client.fetchUserInfo(relyingParty, tokens.access_token, claims.sub)).rejects.toMatchObject({ status: 401 });
  });

  it('the end of a session that is gone already is no fault', async () => {
    const { url, status } = await new Browser().open(`${simulator.origin}/sessions/unknown/end`, {});
    expect([url.pathname, status]).toEqual(['/sessions', 200]);
    expect(simulator.logoutTokens).toEqual([]);
  });
});

describe('OpenID Connect RP-Initiated Logout 1.0', () => {
  it('with an ID token as hint it signs out at once, tells the client and goes back', async () => {
    const { browser, tokens } = await signIn();
    const answer = await browser.open(
      client.buildEndSessionUrl(relyingParty, {
        id_token_hint: tokens.id_token ?? '',
        post_logout_redirect_uri: `${simulator.redirectUri}/signed-out`,
        state: 'of-the-application',
      }),
    );
    expect(answer.url.href).toBe(`${simulator.redirectUri}/signed-out?state=of-the-application`);
    expect(simulator.logoutTokens).toHaveLength(1);
  });

  it('without a hint it asks first', async () => {
    const { browser } = await signIn();
    const { html } = await browser.open(client.buildEndSessionUrl(relyingParty, {}));
    expect(html).toContain('Do you want to sign out of CIS2?');
    expect(simulator.logoutTokens).toEqual([]);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const action = /action="([^"]+)"/.exec(html)?.[1] ?? '';
    const done = await browser.open(action, { xsrf, logout: 'yes' });
    expect(done.html).toContain('You are signed out');
    expect(simulator.logoutTokens).toHaveLength(1);
  });

  it('goes to registered addresses only', async () => {
    const { browser, tokens } = await signIn();
    const parameters = { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: 'http://127.0.0.1:9/elsewhere' };
    const answer = await browser.open(client.buildEndSessionUrl(relyingParty, parameters));
    expect(answer.status).toBe(400);
    expect(answer.html).toContain('post_logout_redirect_uri');
  });
});
