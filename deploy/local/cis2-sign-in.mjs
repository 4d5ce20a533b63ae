import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createRemoteJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';

const SCOPE = 'openid profile nhsperson nationalrbacaccess associatedorgs selectedrole';

/** By assurance level: what is asked for, and the authenticator that is then picked. */
const SIGN_INS = {
  1: { acrValues: 'AAL1_USERPASS', authenticator: 'AAL1_USERPASS' },
  2: { acrValues: 'AAL2_ANY', authenticator: 'AAL2_TOTP' },
  3: { acrValues: 'AAL3_ANY', authenticator: 'AAL3_N3_SMARTCARD' },
};

const random = () => randomBytes(32).toString('base64url');

/**
 * Signs a demo user in at the CIS2 simulator without a browser: the pages are plain forms.
 *
 * @param {object} request
 * @param {string} request.issuer exactly as configured
 * @param {string} request.clientId a client with private_key_jwt
 * @param {import('jose').JWK} request.privateJwk the client's RSA key, with its `kid`
 * @param {string} request.redirectUri one of the client's; nothing needs to listen there
 * @param {string} request.userId 12 digits
 * @param {string} [request.roleId] role to select; without it a user with several roles has none selected
 * @param {1 | 2 | 3} [request.aal] authentication assurance level
 * @param {string} [request.password] for level 1
 * @returns {Promise<{ idToken: string, accessToken: string }>} the ID token's signature, issuer, audience and nonce are checked
 * @throws {Error} that says which step was refused
 */
export async function signIn({ issuer, clientId, privateJwk, redirectUri, userId, roleId, aal = 3, password }) {
  const endpoints = await json(await fetch(`${issuer}/.well-known/openid-configuration`), 'The simulator does not answer');
  const { acrValues, authenticator } = SIGN_INS[aal] ?? refuse(`There is no assurance level ${aal}: use 1, 2 or 3`);
  const verifier = random();
  const nonce = random();
  const state = random();
  const authorize = new URL(endpoints.authorization_endpoint);
  authorize.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: SCOPE,
    acr_values: acrValues,
    prompt: 'login',
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();

  const step = browser();
  const signInPage = await step(authorize);
  let next = await step(`${signInPage}/sign-in`, { user: userId, authenticator, ...(password && { password }) });
  next = await step(next); // back at the provider: on to the role page or to the application
  if (new URL(next).pathname.startsWith('/interaction/')) next = await step(await step(`${next}/role`, { role: roleId ?? 'later' }));

  const answer = new URL(next).searchParams;
  if (answer.has('error')) refuse(`Refused: ${answer.get('error')}: ${answer.get('error_description')}`);
  if (answer.get('state') !== state) refuse('The answer is not to this request: its state differs');

  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'RS512', kid: privateJwk.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(endpoints.token_endpoint)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(await importJWK(privateJwk, 'RS512'));
  const tokens = await json(
    await fetch(endpoints.token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: answer.get('code'),
        redirect_uri: redirectUri,
        code_verifier: verifier,
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    }),
    'No tokens',
  );
  const keys = createRemoteJWKSet(new URL(endpoints.jwks_uri));
  const { payload } = await jwtVerify(tokens.id_token, keys, { issuer, audience: clientId, algorithms: ['RS256'] });
  if (payload.nonce !== nonce) refuse('The ID token is not for this request: its nonce differs');
  if (roleId && payload.selected_roleid !== roleId) refuse(`${roleId} is not a role of user ${userId}`);
  return { idToken: tokens.id_token, accessToken: tokens.access_token };
}

/** As much of a browser as signing in needs: it keeps cookies and says where a step redirects to. */
function browser() {
  const cookies = new Map();
  return async (/** @type {string | URL} */ url, /** @type {Record<string, string> | undefined} */ form) => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = /^([^=]+)=([^;]*)/.exec(cookie)?.slice(1) ?? [];
      if (name) cookies.set(name, value);
    }
    const location = response.headers.get('location');
    return location ? new URL(location, url).href : refuse(`The simulator refused: ${problemIn(await response.text())}`);
  };
}

/** What a page of the simulator complains about. */
function problemIn(html) {
  const text = /nhsuk-error-summary__list[^]*?<\/ul>/.exec(html)?.[0] ?? /<h1[^]*?<\/p>/.exec(html)?.[0] ?? html;
  return text.replace(/<[^>]*>?|^[^<]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 300);
}

async function json(response, failure) {
  const text = await response.text();
  return response.ok ? JSON.parse(text) : refuse(`${failure}: HTTP ${response.status} ${text.slice(0, 300)}`);
}

/** @returns {never} */
function refuse(message) {
  throw new Error(message);
}
