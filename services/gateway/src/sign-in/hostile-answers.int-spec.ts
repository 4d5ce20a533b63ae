import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { JWTPayload } from 'jose';
import { Interaction, Outcome } from '@carespine/contracts';
import { startService, type RunningService } from '@carespine/test-kit';
import { Clock } from '../sessions/clock';
import { Browser, type Answer } from './fixtures/browser';
import { aRole, aUserinfo, FakeProvider, type Bend } from './fixtures/fake-provider';
import { recordsOf } from '../oauth2/fixtures/running';
import { settings, signInService } from './fixtures/sign-in-service';

jest.setTimeout(30_000);

let provider: FakeProvider;
let service: RunningService;
let aheadMs = 0;
const nowMs = (): number => Date.now() + aheadMs;

async function start(more: Record<string, string> = {}, issuer = provider.issuer): Promise<RunningService> {
  const started = await startService(signInService, settings(issuer, more));
  jest.spyOn(started.app.get(Clock, { strict: false }), 'nowMs').mockImplementation(nowMs);
  return started;
}

beforeAll(async () => {
  provider = await FakeProvider.start(nowMs);
  service = await start();
});

afterEach(() => provider.straighten());

afterAll(async () => {
  await service?.stop();
  await provider?.stop();
});

/** No session, one record that names the reason, and a page that says what to do. */
async function expectRefusal(answer: Answer, problem: string, reason: string, at = service): Promise<void> {
  expect(answer.status).toBe(303);
  expect(answer.location).toBe(`/sign-in-problem?reason=${problem}`);
  expect(answer.setCookies.filter((line) => line.startsWith('__Host-carespine'))).toEqual([]);
  const records = await recordsOf(answer.requestId, at);
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({
    interaction: Interaction.SIGN_IN,
    outcome: problem === 'failed' ? Outcome.SERIOUS_FAILURE : Outcome.MINOR_FAILURE,
    outcomeDescription: reason,
  });
}

async function signIn(browser = new Browser(service.url)): Promise<Answer> {
  const login = await browser.get('/auth/login');
  return browser.get(provider.authorize(login.location));
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Any token, also one that no decent library would sign. */
function forge(header: object, claims: object, key?: KeyObject | string): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  if (key === undefined) return `${input}.`;
  const signature = typeof key === 'string' ? createHmac('sha256', key).update(input).digest() : createSign('RSA-SHA256').update(input).sign(key);
  return `${input}.${signature.toString('base64url')}`;
}

const claims = (change: (claims: JWTPayload) => object): Bend => ({ claims: (good) => change(good) as JWTPayload });
const without = (name: string): Bend => claims(({ [name]: _, ...rest }) => rest);
const withClaims = (facts: object): Bend => claims((good) => ({ ...good, ...facts }));
const anotherKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const html = (status: number) => (reply: FastifyReply) => reply.code(status).type('text/html').send('<html>login</html>');
const json = (body: string) => (reply: FastifyReply) => reply.type('application/json').send(body);
const huge = json(JSON.stringify({ padding: 'x'.repeat(3_000_000) }));

type Case = [what: string, problem: string, reason: string, bend: () => Bend];
const failed = (what: string, reason: string, bend: () => Bend): Case => [what, 'failed', reason, bend];

const CALLBACKS: Case[] = [
  ['the user stopped', 'cancelled', 'callback.access_denied', () => ({ callback: (p) => (p.delete('code'), p.set('error', 'access_denied')) })],
  failed('the provider failed', 'callback.error', () => ({ callback: (p) => (p.delete('code'), p.set('error', 'server_error')) })),
  failed('an unknown error', 'callback.error', () => ({ callback: (p) => (p.delete('code'), p.set('error', '<script>')) })),
  failed('no code and no error', 'callback.parameters', () => ({ callback: (p) => p.delete('code') })),
  failed('two codes', 'callback.parameters', () => ({ callback: (p) => p.append('code', 'another') })),
  failed('no state', 'callback.state', () => ({ callback: (p) => p.delete('state') })),
  failed('two states', 'callback.state', () => ({ callback: (p) => p.append('state', p.get('state') ?? '') })),
  failed('an unknown state', 'callback.state', () => ({ callback: (p) => p.set('state', 'x'.repeat(43)) })),
  failed('an endless state', 'callback.state', () => ({ callback: (p) => p.set('state', 'x'.repeat(8000)) })),
  failed('iss of another provider (RFC 9207)', 'callback.parameters', () => ({ callback: (p) => p.set('iss', 'https://evil.example') })),
  failed('no iss, though the provider promises it (RFC 9207)', 'callback.parameters', () => ({ callback: (p) => p.delete('iss') })),
  failed('an ID token in the front channel', 'callback.parameters', () => ({ callback: (p) => p.set('id_token', 'a.b.c') })),
  failed('a code that the provider never gave', 'token_endpoint.error', () => ({ callback: (p) => p.set('code', 'made-up') })),
];

const TOKEN_ANSWERS: Case[] = [
  failed('an HTML page', 'token_endpoint.answer', () => ({ token: html(200) })),
  failed('500 with an HTML page', 'token_endpoint.answer', () => ({ token: html(500) })),
  failed('401 with a challenge', 'token_endpoint.error', () => ({
    token: (reply) => reply.code(401).header('www-authenticate', 'Basic').send({ error: 'invalid_client' }),
  })),
  failed('a redirect', 'token_endpoint.answer', () => ({ token: (reply) => reply.redirect(`${provider.issuer}/userinfo`, 307) })),
  failed('a redirect with JSON', 'token_endpoint.answer', () => ({
    token: (reply) => reply.code(302).header('location', 'https://evil.example').type('application/json').send('{}'),
  })),
  failed('truncated JSON', 'token_endpoint.answer', () => ({ token: json('{"access_token":"a","id_to') })),
  failed('an array', 'token_endpoint.answer', () => ({ token: json('[]') })),
  failed('null', 'token_endpoint.answer', () => ({ token: json('null') })),
  failed('an empty body', 'token_endpoint.answer', () => ({ token: json('') })),
  failed('3 MB', 'token_endpoint.answer', () => ({ token: huge })),
  failed('a cut connection', 'token_endpoint.unreachable', () => ({ token: (reply) => (reply.hijack(), reply.raw.destroy()) })),
  failed('no ID token', 'token_endpoint.answer', () => ({ answer: ({ id_token: _, ...rest }) => rest })),
  failed('an ID token that is a number', 'token_endpoint.answer', () => ({ answer: (good) => ({ ...good, id_token: 1 }) })),
  failed('no access token', 'token_endpoint.answer', () => ({ answer: ({ access_token: _, ...rest }) => rest })),
  failed('another kind of token', 'token_endpoint.answer', () => ({ answer: (good) => ({ ...good, token_type: 'mac' }) })),
];

const ID_TOKENS: Case[] = [
  failed('rubbish', 'id_token.shape', () => ({ idToken: () => 'rubbish' })),
  failed('five parts, as if encrypted', 'id_token.shape', () => ({ idToken: (token) => `${token}.a.b` })),
  failed('an array for claims', 'id_token.shape', () => ({
    idToken: () => forge({ alg: 'RS256', kid: 'cis2-1' }, [], provider.signing.privateKey),
  })),
  failed('20 kB', 'id_token.shape', () => withClaims({ padding: 'x'.repeat(20_000) })),
  failed('alg none', 'id_token.alg', () => ({ idToken: (_, good) => forge({ alg: 'none', kid: 'cis2-1' }, good) })),
  failed('alg None', 'id_token.alg', () => ({ idToken: (_, good) => forge({ alg: 'None' }, good) })),
  failed('no alg', 'id_token.alg', () => ({ idToken: (_, good) => forge({ kid: 'cis2-1' }, good, provider.signing.privateKey) })),
  failed('HS256 with the public key as its secret', 'id_token.alg', () => ({
    idToken: (_, good) => {
      const pem = provider.signing.publicKey.export({ format: 'pem', type: 'spki' }).toString();
      return forge({ alg: 'HS256', kid: 'cis2-1' }, good, pem);
    },
  })),
  failed('RS512 with the right key', 'id_token.alg', () => ({ header: (header) => ({ ...header, alg: 'RS512' }) })),
  failed('PS256 with the right key', 'id_token.alg', () => ({ header: (header) => ({ ...header, alg: 'PS256' }) })),
  failed('an unknown kid', 'keys.kid', () => ({ header: (header) => ({ ...header, kid: 'unknown' }) })),
  failed('no kid', 'id_token.kid', () => ({ header: ({ kid: _, ...header }) => header })),
  failed('a key of its own in the header', 'id_token.signature', () => ({
    header: (header) => ({ ...header, jwk: anotherKey.publicKey.export({ format: 'jwk' }) }),
    signWith: anotherKey.privateKey,
  })),
  failed('another key under the same kid', 'id_token.signature', () => ({ signWith: anotherKey.privateKey })),
  failed('a signature cut short', 'id_token.signature', () => ({ idToken: (token) => token.slice(0, -10) })),
  failed('no signature', 'id_token.signature', () => ({ idToken: (token) => token.replace(/[^.]+$/, '') })),
  failed('claims changed after signing', 'id_token.signature', () => ({
    idToken: (token, good) => token.replace(/\.[^.]+\./, `.${base64url({ ...good, authentication_assurance_level: '3' })}.`),
  })),
  failed('a critical extension', 'id_token.signature', () => ({
    idToken: (_, good) => forge({ alg: 'RS256', kid: 'cis2-1', crit: ['exp'], exp: 1 }, good, provider.signing.privateKey),
  })),
  failed('the type of a logout token', 'id_token.typ', () => ({ header: (header) => ({ ...header, typ: 'logout+jwt' }) })),
  failed('iss of another', 'id_token.iss', () => withClaims({ iss: 'https://evil.example' })),
  failed('iss with a slash more', 'id_token.iss', () => withClaims({ iss: `${provider.issuer}/` })),
  failed('iss in capitals', 'id_token.iss', () => withClaims({ iss: provider.issuer.toUpperCase() })),
  failed('no iss', 'id_token.iss', () => without('iss')),
  failed('aud of another', 'id_token.aud', () => withClaims({ aud: '000000000009.apps.national' })),
  failed('us among several aud', 'id_token.aud', () => claims((good) => ({ ...good, aud: [good.aud, 'another'] }))),
  failed('no aud', 'id_token.aud', () => without('aud')),
  failed('azp of another', 'id_token.azp', () => withClaims({ azp: '000000000009.apps.national' })),
  failed('exp passed 6 s ago', 'id_token.exp', () => withClaims({ exp: provider.seconds() - 6 })),
  failed('exp as text', 'id_token.exp', () => withClaims({ exp: String(provider.seconds() + 60) })),
  failed('no exp', 'id_token.exp', () => without('exp')),
  failed('iat in 10 s', 'id_token.iat', () => withClaims({ iat: provider.seconds() + 10 })),
  failed('no iat', 'id_token.iat', () => without('iat')),
  failed('nbf in 10 s', 'id_token.nbf', () => withClaims({ nbf: provider.seconds() + 10 })),
  failed('nonce of another sign-in', 'id_token.nonce', () => withClaims({ nonce: 'x'.repeat(43) })),
  failed('no nonce', 'id_token.nonce', () => without('nonce')),
  failed('at_hash of another access token', 'id_token.at_hash', () => withClaims({ at_hash: 'x'.repeat(22) })),
  failed('no at_hash', 'id_token.at_hash', () => without('at_hash')),
  failed('auth_time 302 s ago', 'id_token.auth_time', () => withClaims({ auth_time: provider.seconds() - 302 })),
  failed('auth_time in 10 s', 'id_token.auth_time', () => withClaims({ auth_time: provider.seconds() + 10 })),
  failed('no auth_time', 'id_token.auth_time', () => without('auth_time')),
  ['identity assurance 2', 'assurance', 'id_token.id_assurance_level: too-low', () => withClaims({ id_assurance_level: '2' })],
  failed('identity assurance in words', 'id_token.id_assurance_level', () => withClaims({ id_assurance_level: 'high' })),
  failed('identity assurance 4', 'id_token.id_assurance_level', () => withClaims({ id_assurance_level: 4 })),
  failed('no identity assurance', 'id_token.id_assurance_level', () => without('id_assurance_level')),
  ['AAL 1', 'authenticator', 'id_token.authentication_assurance_level: too-low', () => withClaims({ authentication_assurance_level: 1 })],
  failed('AAL 99', 'id_token.authentication_assurance_level', () => withClaims({ authentication_assurance_level: '99' })),
  failed('AAL as a list', 'id_token.authentication_assurance_level', () => withClaims({ authentication_assurance_level: ['3'] })),
  failed('no AAL', 'id_token.authentication_assurance_level', () => without('authentication_assurance_level')),
  ['a weaker acr than asked', 'authenticator', 'id_token.acr: too-low', () => withClaims({ acr: 'AAL1_USERPASS' })],
  failed('an acr that is none', 'id_token.acr', () => withClaims({ acr: 'urn:mace:incommon:iap:silver' })),
  failed('no acr', 'id_token.acr', () => without('acr')),
  failed('sub that is no user id', 'id_token.sub', () => withClaims({ sub: "' OR 1=1 --" })),
  failed('no sub', 'id_token.sub', () => without('sub')),
  failed('sid that is no text', 'id_token.sid', () => withClaims({ sid: { $ne: '' } })),
  failed('an empty selected_roleid', 'id_token.selected_roleid', () => withClaims({ selected_roleid: '' })),
  failed('two faults, of which the first in the order is named', 'id_token.iss', () => withClaims({ iss: 'x', aud: 'x', exp: 1, nonce: 'x' })),
];

const userinfo = (facts: object): Bend => ({ userinfo: aUserinfo(facts) });
const roles = (...list: unknown[]): Bend => userinfo({ nhsid_nrbac_roles: list });

const USERINFOS: Case[] = [
  failed('another sub', 'userinfo.sub', () => userinfo({ sub: '555000000102' })),
  failed('no sub', 'userinfo.answer', () => userinfo({ sub: undefined })),
  failed('another uid', 'userinfo.uid', () => userinfo({ uid: '555000000102' })),
  failed('another nhsid_useruid', 'userinfo.nhsid_useruid', () => userinfo({ nhsid_useruid: '555000000102' })),
  failed('an HTML page', 'userinfo.answer', () => ({ userinfoReply: html(200) })),
  failed('401', 'userinfo.answer', () => ({ userinfoReply: (reply) => reply.code(401).send({ error: 'invalid_token' }) })),
  failed('an unsigned JWT', 'userinfo.answer', () => ({
    userinfoReply: (reply) => reply.type('application/jwt').send(forge({ alg: 'RS256' }, aUserinfo(), anotherKey.privateKey)),
  })),
  failed('3 MB', 'userinfo.answer', () => ({ userinfoReply: huge })),
  failed('truncated JSON', 'userinfo.answer', () => ({ userinfoReply: json('{"sub":"5550') })),
  failed('a redirect', 'userinfo.answer', () => ({ userinfoReply: (reply) => reply.redirect('https://evil.example/') })),
  failed('roles that are no list', 'userinfo.nhsid_nrbac_roles', () => userinfo({ nhsid_nrbac_roles: { 0: aRole() } })),
  failed('a role that is null', 'userinfo.nhsid_nrbac_roles', () => roles(aRole(), null)),
  failed('a role without organisation', 'userinfo.nhsid_nrbac_roles', () => roles(aRole({ org_code: undefined }))),
  failed('a role without code', 'userinfo.nhsid_nrbac_roles', () => roles(aRole({ role_code: undefined }))),
  failed('a role with a malformed id', 'userinfo.nhsid_nrbac_roles', () => roles(aRole({ person_roleid: '../admin' }))),
  failed('a role id that is a number', 'userinfo.nhsid_nrbac_roles', () => roles(aRole({ person_roleid: 555000001101 }))),
  failed('two roles of one id', 'userinfo.nhsid_nrbac_roles', () => roles(aRole(), aRole({ activity_codes: [] }))),
  failed('activity codes that are no list', 'userinfo.nhsid_nrbac_roles', () => roles(aRole({ activity_codes: 'B0264' }))),
  failed('an activity code that is an object', 'userinfo.nhsid_nrbac_roles', () =>
    roles(aRole({ activity_codes: [{ toString: 'B0264' }] })),
  ),
  failed('501 roles', 'userinfo.nhsid_nrbac_roles', () =>
    roles(...Array.from({ length: 501 }, (_, i) => aRole({ person_roleid: String(555000000000 + i) }))),
  ),
  failed('organisations that are no list', 'userinfo.nhsid_user_orgs', () => userinfo({ nhsid_user_orgs: 'RZZ01' })),
  failed('an empty selected_roleid', 'userinfo.selected_roleid', () => userinfo({ selected_roleid: '' })),
  failed('a selected_roleid that is no id', 'userinfo.selected_roleid', () => userinfo({ selected_roleid: 'all' })),
  failed('another selected_roleid than the ID token', 'userinfo.selected_roleid', () => ({
    ...withClaims({ selected_roleid: '555000001102' }),
    ...userinfo({ selected_roleid: '555000001101' }),
  })),
  failed('a name with a line break', 'userinfo.name', () => userinfo({ name: 'Okafor\r\nNgozi' })),
  failed('identity assurance in words', 'userinfo.idassurancelevel', () => userinfo({ idassurancelevel: 'high' })),
  ['a lower identity assurance than the ID token', 'assurance', 'userinfo.idassurancelevel: too-low', () => userinfo({ idassurancelevel: '2' })],
  ['no roles', 'role', 'role.none', () => userinfo({ nhsid_nrbac_roles: undefined })],
  ['an empty role list', 'role', 'role.none', () => roles()],
  ['a role without id alone', 'role', 'role.none', () => roles(aRole({ person_roleid: undefined }))],
  ['a role whose organisation is not the user’s', 'role', 'role.none', () => roles(aRole({ org_code: 'RZZ08' }))],
  ['no organisations', 'role', 'role.none', () => userinfo({ nhsid_user_orgs: undefined })],
  ['a role that opens nothing', 'role', 'role.none', () => roles(aRole({ activity_codes: ['B9999'] }))],
  ['a selected role that is somebody else’s', 'role', 'role.not-held', () => userinfo({ selected_roleid: '555000009999' })],
  ['an organisation that is not on the platform', 'organisation', 'role.organisation', () => roles(aRole({ org_code: 'RZZ09' }))],
];

const jwks = (...keys: object[]): Bend => ({ jwks: (reply) => reply.send({ keys }) });

const KEY_SETS: Case[] = [
  failed('cannot be reached', 'keys.unreachable', () => ({ jwks: (reply) => (reply.hijack(), reply.raw.destroy()) })),
  failed('is an HTML page', 'keys.unreachable', () => ({ jwks: html(200) })),
  failed('answers 404', 'keys.unreachable', () => ({ jwks: (reply) => reply.code(404).send({ keys: [] }) })),
  failed('is a list', 'keys.unreachable', () => ({ jwks: json('[]') })),
  failed('is 3 MB', 'keys.unreachable', () => ({ jwks: huge })),
  failed('is empty', 'keys.kid', () => jwks()),
  failed('has a symmetric key', 'keys.kid', () => jwks({ kty: 'oct', k: base64url('secret'), kid: 'cis2-1', alg: 'HS256' })),
  failed('has an encryption key', 'keys.kid', () => jwks({ ...provider.jwks().keys[0], use: 'enc' })),
  failed('has two keys of one kid', 'keys.kid', () => {
    const [good] = provider.jwks().keys;
    return jwks({ ...good }, { ...good, ...anotherKey.publicKey.export({ format: 'jwk' }) });
  }),
  failed('has a key of 1024 bits', 'id_token.signature', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    return {
      ...jwks({ ...weak.publicKey.export({ format: 'jwk' }), kid: 'cis2-1', use: 'sig', alg: 'RS256' }),
      idToken: (_, good) => forge({ alg: 'RS256', kid: 'cis2-1' }, good, weak.privateKey),
    };
  }),
];

describe('identity and access: sign-in checks at the callback', () => {
  it('the provider signs in when it tells the truth', async () => {
    expect((await signIn()).location).toBe('/find-a-patient');
  });

  it('takes times that are 5 s off', async () => {
    provider.bend = claims((good) => ({ ...good, exp: provider.seconds() - 3, iat: provider.seconds() + 4, nbf: provider.seconds() + 4 }));
    expect((await signIn()).location).toBe('/find-a-patient');
  });

  describe.each([
    ['the callback has', CALLBACKS],
    ['the token endpoint answers', TOKEN_ANSWERS],
    ['the ID token has', ID_TOKENS],
    ['userinfo has', USERINFOS],
  ])('refuses when %s', (_where, cases) => {
    it.each(cases)('%s (%s: %s)', async (_what, problem, reason, bend) => {
      provider.bend = bend();
      await expectRefusal(await signIn(), problem, reason);
    });
  });

  describe('refuses when the key set', () => {
    it.each(KEY_SETS)('%s (%s: %s)', async (_what, problem, reason, bend) => {
      aheadMs += 11 * 60_000; // keys are fetched anew
      provider.bend = bend();
      await expectRefusal(await signIn(), problem, reason);
    });

    it('follows a new signing key, after a pause between fetches', async () => {
      aheadMs += 11 * 60_000;
      expect((await signIn()).location).toBe('/find-a-patient');
      const former = provider.signing;
      provider.signing = { kid: 'cis2-2', ...anotherKey };
      await expectRefusal(await signIn(), 'failed', 'keys.kid');
      aheadMs += 31_000;
      expect((await signIn()).location).toBe('/find-a-patient');
      provider.signing = former;
      aheadMs += 31_000;
      expect((await signIn()).location).toBe('/find-a-patient');
    });
  });

  it('takes levels as numbers and as text, and an acr stronger than asked', async () => {
    provider.bend = withClaims({ id_assurance_level: 3, authentication_assurance_level: 3, acr: 'AAL3_N3_SMARTCARD' });
    expect((await signIn()).location).toBe('/find-a-patient');
  });

  it('does not offer a role without id beside a good one', async () => {
    provider.bend = roles(aRole(), aRole({ person_roleid: undefined }));
    expect((await signIn()).location).toBe('/find-a-patient');
  });
});

describe('identity and access: state known and unused', () => {
  it('refuses the state of another browser, which stays good for its own', async () => {
    const [victim, attacker] = [new Browser(service.url), new Browser(service.url)];
    await attacker.get('/auth/login');
    const callback = provider.authorize((await victim.get('/auth/login')).location);
    await expectRefusal(await attacker.get(callback), 'failed', 'callback.state');
    await expectRefusal(await new Browser(service.url).get(callback), 'failed', 'callback.state');
    expect(provider.exchanges).toBe(0);
    expect((await victim.get(callback)).location).toBe('/find-a-patient');
  });

  it('refuses a state that was used', async () => {
    const browser = new Browser(service.url);
    const callback = provider.authorize((await browser.get('/auth/login')).location);
    await browser.get(callback);
    await expectRefusal(await browser.get(callback), 'failed', 'callback.state');
    expect(provider.exchanges).toBe(1);
  });

  it('refuses a code that was used, under a new state', async () => {
    const browser = new Browser(service.url);
    const callback = provider.authorize((await browser.get('/auth/login')).location);
    await browser.get(callback);
    const code = new URLSearchParams(callback.split('?')[1]).get('code') ?? '';
    provider.bend = { callback: (parameters) => parameters.set('code', code) };
    await expectRefusal(await signIn(browser), 'failed', 'token_endpoint.error');
  });

  it('refuses a code that another browser’s sign-in got (PKCE)', async () => {
    const [victim, attacker] = [new Browser(service.url), new Browser(service.url)];
    const stolen = provider.authorize((await victim.get('/auth/login')).location);
    const code = new URLSearchParams(stolen.split('?')[1]).get('code') ?? '';
    provider.bend = { callback: (parameters) => parameters.set('code', code) };
    await expectRefusal(await signIn(attacker), 'failed', 'token_endpoint.error');
  });

  it('refuses a return after 10 minutes', async () => {
    const browser = new Browser(service.url);
    const callback = provider.authorize((await browser.get('/auth/login')).location);
    aheadMs += 601_000;
    await expectRefusal(await browser.get(callback), 'failed', 'callback.state');
  });

  it('lets two windows of a browser sign in side by side', async () => {
    const browser = new Browser(service.url);
    const [one, two] = [await browser.get('/auth/login?returnTo=/one'), await browser.get('/auth/login?returnTo=/two')];
    expect((await browser.get(provider.authorize(two.location))).location).toBe('/two');
    expect((await browser.get(provider.authorize(one.location))).location).toBe('/one');
  });
});

describe('settings of the identity provider', () => {
  async function withService(more: Record<string, string>, work: (service: RunningService) => Promise<void>, issuer?: string): Promise<void> {
    const started = await start(more, issuer);
    try {
      await work(started);
    } finally {
      await started.stop();
    }
  }

  it('a team may be required', () =>
    withService({ REQUIRED_WORKGROUP: 'cancer-mdt:*' }, async (strict) => {
      expect((await signIn(new Browser(strict.url))).location).toBe('/find-a-patient');
      provider.userinfo = aUserinfo({ nhsid_nrbac_roles: [aRole({ workgroups: ['cancer-tracker:breast'] })] });
      await expectRefusal(await signIn(new Browser(strict.url)), 'workgroup', 'role.workgroup', strict);
    }));

  it('AAL3 may be required', () =>
    withService({ SIGN_IN_AAL: '3', SIGN_IN_ACR: 'AAL3_ANY' }, async (strict) => {
      await expectRefusal(await signIn(new Browser(strict.url)), 'authenticator', 'id_token.authentication_assurance_level: too-low', strict);
      Object.assign(provider, { aal: 3, acr: 'AAL3_FIDO2' });
      expect((await signIn(new Browser(strict.url))).location).toBe('/find-a-patient');
    }));

  it('starts while the provider is down, says so, and signs in when it is back', () =>
    withService({}, async (early) => {
      provider.bend = { metadata: () => ({}) };
      await expectRefusal(await new Browser(early.url).get('/auth/login'), 'failed', 'discovery.unreachable', early);
      provider.straighten();
      expect((await signIn(new Browser(early.url))).location).toBe('/find-a-patient');
    }));

  it.each<[string, string, (metadata: Record<string, unknown>) => object]>([
    ['another issuer', 'discovery.unreachable', (metadata) => ({ ...metadata, issuer: 'https://evil.example' })],
    ['the issuer with a slash more', 'discovery.unreachable', (metadata) => ({ ...metadata, issuer: `${provider.issuer}/` })],
    ['a token endpoint in the clear, elsewhere', 'discovery.metadata', (metadata) => ({ ...metadata, token_endpoint: 'http://evil.example/token' })],
    ['no key set', 'discovery.metadata', ({ jwks_uri: _, ...metadata }) => metadata],
  ])('refuses discovery that names %s', (_what, reason, metadata) =>
    withService({}, async (fresh) => {
      provider.bend = { metadata };
      await expectRefusal(await new Browser(fresh.url).get('/auth/login'), 'failed', reason, fresh);
    }));
});
