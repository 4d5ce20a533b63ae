import { constants, randomUUID } from 'node:crypto';
import { Outcome } from '@carespine/contracts';
import { startService, type RunningService } from '@carespine/test-kit';
import * as fc from 'fast-check';
import { aUserinfo, FakeProvider } from '../sign-in/fixtures/fake-provider';
import { settings } from '../sign-in/fixtures/sign-in-service';
import { countOf, recordsOf } from './fixtures/running';
import {
  applicationsFile,
  assertion,
  AUDIENCE,
  CIS2_CLIENT,
  claimsOf,
  DocumentServer,
  encoded,
  HEADER,
  ID_TOKEN,
  idToken,
  JWT_BEARER,
  keys,
  publicJwk,
  rsa,
  sign,
  Supplier,
  TOKEN_EXCHANGE,
} from './fixtures/supplier';
import { tokenService } from './fixtures/token-service';

jest.setTimeout(120_000);

let provider: FakeProvider;
let evil: DocumentServer;
let directory: DocumentServer;
let service: RunningService;
let supplier: Supplier;
const thief = rsa();

beforeAll(async () => {
  [provider, evil, directory] = await Promise.all([FakeProvider.start(), DocumentServer.start(), DocumentServer.start()]);
  evil.document = { keys: [publicJwk(thief)] };
  directory.document = aUserinfo();
  const env = settings(provider.issuer, { APPLICATIONS: applicationsFile(evil.url, evil.url), ROLE_DIRECTORY_URL: directory.url });
  service = await startService(tokenService, env);
  supplier = new Supplier(service.url);
});

afterAll(async () => {
  await service?.stop();
  await Promise.all([provider?.stop(), evil?.stop(), directory?.stop()]);
});

const issued = (): Promise<number> => countOf(service.databaseUrl, 'access_tokens');
const seconds = (): number => Math.floor(Date.now() / 1000);
const good = (claims: object = {}): Record<string, unknown> => ({ ...claimsOf('tracing-app'), ...claims });
/** A validly signed token whose claims or header are this very text. */
const signedText = (header: string, claims: string): string => sign(header, claims);
const json = JSON.stringify;
const pem = keys.publicKey.export({ format: 'pem', type: 'spki' }) as string;
const thiefs = { key: thief.privateKey };
const flip = (token: string, part: number): string =>
  token
    .split('.')
    .map((text, index) => (index === part ? `${text.slice(0, 10)}${text[10] === 'A' ? 'B' : 'A'}${text.slice(11)}` : text))
    .join('.');

const ASSERTIONS: [string, () => string][] = [
  ['unsigned, alg none', () => `${encoded({ ...HEADER, alg: 'none' })}.${encoded(good())}.`],
  ['unsigned, alg nOnE', () => `${encoded({ ...HEADER, alg: 'nOnE' })}.${encoded(good())}.`],
  ['alg none with a good signature', () => sign({ ...HEADER, alg: 'none' }, good())],
  ['RS512 without a signature', () => `${encoded(HEADER)}.${encoded(good())}.`],
  ['HS256 with the public key as secret', () => sign({ ...HEADER, alg: 'HS256' }, good(), { hash: 'sha256', hmac: pem })],
  ['HS512 with the public key as secret', () => sign({ ...HEADER, alg: 'HS512' }, good(), { hmac: pem })],
  ['RS512 in the header over an HMAC of the public key', () => sign(HEADER, good(), { hmac: pem })],
  ['HS512 with an empty secret', () => sign({ ...HEADER, alg: 'HS512' }, good(), { hmac: '' })],
  ['RS256', () => sign({ ...HEADER, alg: 'RS256' }, good(), { hash: 'sha256' })],
  ['RS512 in the header over an RS256 signature', () => sign(HEADER, good(), { hash: 'sha256' })],
  ['PS512', () => sign({ ...HEADER, alg: 'PS512' }, good(), { padding: constants.RSA_PKCS1_PSS_PADDING })],
  ['RS512 in the header over a PS512 signature', () => sign(HEADER, good(), { padding: constants.RSA_PKCS1_PSS_PADDING })],
  ["another's key", () => sign(HEADER, good(), thiefs)],
  ["another's key under another kid", () => sign({ ...HEADER, kid: 'thief' }, good(), thiefs)],
  ['kid as a path', () => sign({ ...HEADER, kid: '../../../../dev/null' }, good(), { hmac: '' })],
  ['kid as SQL', () => sign({ ...HEADER, kid: "key-1' UNION SELECT 'x" }, good(), thiefs)],
  ['kid as an array', () => sign({ ...HEADER, kid: ['key-1'] }, good())],
  ['kid as an object', () => sign({ ...HEADER, kid: { toString: 'key-1' } }, good())],
  ['kid as a number', () => sign({ ...HEADER, kid: 1 }, good())],
  ['kid of a prototype', () => sign({ ...HEADER, kid: '__proto__' }, good())],
  ['kid with a NUL', () => sign({ ...HEADER, kid: 'key-1\u0000' }, good())],
  ['kid as an address', () => sign({ ...HEADER, kid: evil.url }, good(), thiefs)],
  ['jku of its own key set', () => sign({ ...HEADER, jku: evil.url }, good(), thiefs)],
  ['jwk in the header', () => sign({ ...HEADER, jwk: publicJwk(thief) }, good(), thiefs)],
  ['x5u and x5c in the header', () => sign({ ...HEADER, x5u: evil.url, x5c: ['MIIB'] }, good(), thiefs)],
  ['a critical extension', () => sign({ ...HEADER, crit: ['exp'], exp: 1 }, good())],
  ['an empty list of critical extensions', () => sign({ ...HEADER, crit: [] }, good())],
  ['an unencoded payload (b64)', () => sign({ ...HEADER, b64: false, crit: ['b64'] }, good())],
  ['iss unequal to sub', () => sign(HEADER, good({ iss: 'privileged-app' }))],
  ['iss and sub as equal arrays', () => sign(HEADER, good({ iss: ['tracing-app'], sub: ['tracing-app'] }))],
  ['iss and sub of a prototype', () => sign(HEADER, good({ iss: '__proto__', sub: '__proto__' }))],
  ['iss and sub with a NUL', () => sign(HEADER, good({ iss: 'tracing-app\u0000', sub: 'tracing-app\u0000' }))],
  ['iss and sub as SQL', () => sign(HEADER, good({ iss: "' OR '1'='1", sub: "' OR '1'='1" }))],
  ['iss and sub in other case', () => sign(HEADER, good({ iss: 'Tracing-App', sub: 'Tracing-App' }))],
  ["another application's name with its own key", () => sign(HEADER, good({ iss: 'remote-app', sub: 'remote-app' }))],
  ['an unknown client', () => sign(HEADER, good({ iss: 'nobody', sub: 'nobody' }))],
  ['a revoked application', () => sign(HEADER, good({ iss: 'revoked-app', sub: 'revoked-app' }))],
  ['an application without the mode', () => sign(HEADER, good({ iss: 'clinical-app', sub: 'clinical-app' }))],
  ['aud of another server', () => sign(HEADER, good({ aud: 'https://api.example/oauth2/token' }))],
  ['aud as an array with ours', () => sign(HEADER, good({ aud: [AUDIENCE, 'https://api.example/oauth2/token'] }))],
  ['aud as an array of ours alone', () => sign(HEADER, good({ aud: [AUDIENCE] }))],
  ['aud with a query', () => sign(HEADER, good({ aud: `${AUDIENCE}?` }))],
  ['exp as a string', () => sign(HEADER, good({ exp: String(seconds() + 60) }))],
  ['exp past', () => sign(HEADER, good({ exp: seconds() - 1 }))],
  ['exp now', () => sign(HEADER, good({ exp: seconds() }))],
  ['exp too far', () => sign(HEADER, good({ exp: seconds() + 3600 }))],
  ['exp beyond all numbers', () => signedText(json(HEADER), json(good()).replace(/"exp":\d+/, '"exp":1e400'))],
  ['exp negative', () => sign(HEADER, good({ exp: -1 }))],
  ['exp as an array', () => sign(HEADER, good({ exp: [seconds() + 60] }))],
  ['exp in milliseconds', () => sign(HEADER, good({ exp: Date.now() }))],
  ['jti as a number', () => sign(HEADER, good({ jti: 12345 }))],
  ['jti missing', () => sign(HEADER, good({ jti: undefined }))],
  ['jti null', () => sign(HEADER, good({ jti: null }))],
  ['jti as an object', () => sign(HEADER, good({ jti: { a: 1 } }))],
  ['jti with a NUL', () => sign(HEADER, good({ jti: `${randomUUID()}\u0000` }))],
  ['jti of half a surrogate', () => signedText(json(HEADER), json(good()).replace(/"jti":"/, '"jti":"\\ud800'))],
  ['jti of 10 KB', () => sign(HEADER, good({ jti: 'x'.repeat(10_000) }))],
  ['nbf to come', () => sign(HEADER, good({ nbf: seconds() + 3600 }))],
  ['nbf as a string', () => sign(HEADER, good({ nbf: '0' }))],
  ['a JWT of 40 KB', () => sign(HEADER, good({ filler: 'x'.repeat(30_000) }))],
  ['a JWT beyond the form', () => sign(HEADER, good({ filler: 'x'.repeat(300_000) }))],
  ['no JWT', () => 'invalid'],
  ['dots alone', () => '..'],
  ['four parts', () => `${assertion()}.x`],
  ['five parts, as if encrypted', () => `${assertion()}.x.y`],
  ['JSON serialisation', () => json({ payload: encoded(good()), protected: encoded(HEADER), signature: 'x' })],
  ['blanks around it', () => ` ${assertion()} `],
  ['padding of base64', () => `${assertion()}==`],
  ['plain base64', () => assertion().replace(/[-_]/g, '+')],
  ['a header that is no JSON', () => signedText('{', json(good()))],
  ['a header that is an array', () => signedText('[]', json(good()))],
  ['claims that are no JSON', () => signedText(json(HEADER), 'x')],
  ['claims that are a string', () => signedText(json(HEADER), '"x"')],
  ['claims that are null', () => signedText(json(HEADER), 'null')],
  ['claims that are no UTF-8', () => sign(HEADER, 'x').replace(/\.[^.]*\./, `.${Buffer.from([0x7b, 0xff]).toString('base64url')}.`)],
  ['a claim twice', () => signedText(json(HEADER), `{"iss":"privileged-app",${json(good()).slice(1)}`)],
  ['a claim twice, once escaped', () => signedText(json(HEADER), `{"\\u0069ss":"privileged-app",${json(good()).slice(1)}`)],
  ['a header twice', () => signedText(`{"alg":"none",${json(HEADER).slice(1)}`, json(good()))],
  [
    'claims nested thousands deep, and no jti',
    () => signedText(json(HEADER), json(good({ jti: undefined })).replace(/}$/, `,"x":${'['.repeat(3000)}${']'.repeat(3000)}}`)),
  ],
  ['members named after a prototype', () => signedText(json(HEADER), '{"__proto__":{"iss":"tracing-app"},"constructor":{"sub":"tracing-app"}}')],
  ['claims changed after the signature', () => flip(assertion(), 1)],
  ['a signature changed', () => flip(assertion(), 2)],
  ['a header changed after the signature', () => assertion().replace(/^[^.]*/, encoded({ ...HEADER, x: 1 }))],
  ['the claims of one and the signature of another', () => assertion().replace(/[^.]*$/, () => assertion().split('.')[2] ?? '')],
  ['an ID token in its place', () => idToken(provider)],
];

const SUBJECTS: [string, () => string][] = [
  ['unsigned', () => idToken(provider, {}, { alg: 'none' }).replace(/[^.]*$/, '')],
  [
    'HS256 with the public key as secret',
    () => {
      const hmac = provider.signing.publicKey.export({ format: 'pem', type: 'spki' });
      return sign({ alg: 'HS256', typ: 'JWT', kid: provider.signing.kid }, claims(), { hash: 'sha256', hmac });
    },
  ],
  ["the supplier's own key", () => idToken(provider, {}, {}, keys.privateKey)],
  ["the supplier's own key, jwk in the header", () => idToken(provider, {}, { jwk: publicJwk(keys) }, keys.privateKey)],
  ['jku of its own key set', () => idToken(provider, {}, { jku: evil.url }, thief.privateKey)],
  ["another supplier's CIS2 client", () => idToken(provider, { aud: '000000000003.apps.national', azp: '000000000003.apps.national' })],
  ['our own CIS2 client', () => idToken(provider, { aud: '000000000001.apps.national', azp: '000000000001.apps.national' })],
  ['expired', () => idToken(provider, { exp: seconds() - 1 })],
  ['a foreign issuer', () => idToken(provider, { iss: 'https://evil.example/openam' })],
  ['an issuer with its port taken off', () => idToken(provider, { iss: provider.issuer.replace(/:\d+/, '') })],
  ['an issuer in capitals', () => idToken(provider, { iss: provider.issuer.toUpperCase() })],
  ['an issuer array', () => idToken(provider, { iss: [provider.issuer] })],
  ['a client assertion in its place', () => assertion('clinical-app')],
  ['a subject that is another user by traversal', () => idToken(provider, { sub: '../555000000102' })],
  ['a subject with a NUL', () => idToken(provider, { sub: '55500000010\u0000' })],
  ['a sid with a NUL', () => idToken(provider, { sid: 'x\u0000' })],
  ['a sid of 10 KB', () => idToken(provider, { sid: 'x'.repeat(10_000) })],
  ['an assurance level of 9', () => idToken(provider, { authentication_assurance_level: 9 })],
  ['an assurance level in an array', () => idToken(provider, { authentication_assurance_level: ['3'] })],
  ['a critical extension', () => idToken(provider, {}, { crit: ['x'], x: 1 })],
  [
    'a claim twice',
    () => {
      const header = json({ alg: 'RS256', typ: 'JWT', kid: provider.signing.kid });
      return sign(header, `{"sub":"555000000999",${json(claims()).slice(1)}`, { key: provider.signing.privateKey, hash: 'sha256' });
    },
  ],
  ['a logout token', () => idToken(provider, { events: {} }, { typ: 'logout+jwt' })],
  ['claims changed after the signature', () => flip(idToken(provider), 1)],
  ['20 KB', () => idToken(provider, { filler: 'x'.repeat(20_000) })],
];

const claims = (): object => ({
  iss: provider.issuer,
  sub: '555000000101',
  aud: CIS2_CLIENT,
  iat: seconds(),
  auth_time: seconds(),
  exp: seconds() + 3600,
  id_assurance_level: 3,
  authentication_assurance_level: 3,
});

describe('nothing is issued, and a record is written, for', () => {
  let before: number;
  beforeAll(async () => {
    before = await issued();
  });

  it.each(ASSERTIONS)('an assertion with %s', async (_, forge) => {
    const answer = await supplier.credentials(forge());
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body['access_token']).toBeUndefined();
    expect(answer.body['error_description']).toBeTruthy();
    expect(await issued()).toBe(before);
    const records = await recordsOf(answer.requestId, service);
    expect(records.map(({ outcome }) => outcome >= Outcome.MINOR_FAILURE)).toEqual([true]);
  });

  it.each(SUBJECTS)('a subject token with %s', async (_, forge) => {
    const answer = await supplier.exchange(forge());
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body['access_token']).toBeUndefined();
    expect(await issued()).toBe(before);
    const records = await recordsOf(answer.requestId, service);
    expect(records.map(({ outcome }) => outcome >= Outcome.MINOR_FAILURE)).toEqual([true]);
  });

  it('never fetches what a header points to', () => {
    expect(evil.requests).toBeLessThanOrEqual(1); // remote-app's own registered address
  });

  it('repeats no value of the request in its answer or its record', async () => {
    const marker = 'MARKER-9f3a';
    for (const form of [{ grant_type: marker }, { grant_type: 'client_credentials', client_assertion_type: marker }, { [marker]: '1' }]) {
      const answer = await supplier.post(form);
      const [record] = await recordsOf(answer.requestId, service);
      expect(`${JSON.stringify(answer.body)} ${record?.outcomeDescription ?? ''} ${record?.interactionName ?? ''}`).not.toContain(marker);
    }
  });
});

describe('of the same assertion sent twenty times at once', () => {
  it('exactly one wins', async () => {
    const token = assertion();
    const before = await issued();
    const answers = await Promise.all(Array.from({ length: 20 }, () => supplier.credentials(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 400 && body['error_description']?.includes("'jti'"))).toHaveLength(19);
    expect(await issued()).toBe(before + 1);
  });
});

describe('whatever a form holds', () => {
  const known = ['grant_type', 'client_assertion', 'client_assertion_type', 'subject_token', 'subject_token_type', 'refresh_token', 'client_id'];
  const names = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known, 'client_secret', 'scope', '_access_token_expiry_ms') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
  const headers = fc.oneof(
    fc.object({ maxDepth: 2 }),
    fc.record({ alg: fc.constantFrom('RS512', 'RS256', 'none'), typ: fc.constant('JWT'), kid: fc.anything() }),
  );
  const client = fc.constant('tracing-app');
  const payloads = fc.oneof(
    fc.object({ maxDepth: 2 }),
    fc.record({ iss: client, sub: client, aud: fc.constant(AUDIENCE), jti: fc.anything(), exp: fc.anything(), nbf: fc.anything() }),
  );
  const jwts = fc.tuple(headers, payloads).map(([header, payload]) => {
    const text = (value: unknown): string => JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : member));
    return sign(text(header), text(payload));
  });
  const values = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('client_credentials', 'refresh_token', TOKEN_EXCHANGE, JWT_BEARER, ID_TOKEN, '', 'A'.repeat(43)) },
    { weight: 2, arbitrary: jwts },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 3 }).map((text) => text.repeat(5000)) },
  );
  const wellFormed = fc
    .record({ grant_type: fc.constantFrom('client_credentials', TOKEN_EXCHANGE, 'refresh_token'), client_assertion: values, refresh_token: values })
    .map((form) => ({
      ...form,
      client_assertion_type: JWT_BEARER,
      ...(form.grant_type === TOKEN_EXCHANGE && { subject_token: form.refresh_token, subject_token_type: ID_TOKEN }),
    }));
  const forms = fc.oneof(
    { weight: 4, arbitrary: fc.dictionary(names, values, { maxKeys: 8 }).map((form) => new URLSearchParams(form).toString()) },
    { weight: 3, arbitrary: wellFormed.map((form) => new URLSearchParams(form).toString()) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 2000 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 500 }) },
    { weight: 1, arbitrary: fc.string({ maxLength: 300 }).map((text) => `${text}&%&=&&%zz=%`) },
  );
  const types = fc.oneof(
    { weight: 9, arbitrary: fc.constant('application/x-www-form-urlencoded') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('application/x-www-form-urlencoded; charset=utf-16', 'application/json', ';', 'a/b/c', 'text/xml'),
    },
  );

  it('the answer is a refusal that names what is wrong: no 5xx in 1,200 cases', async () => {
    await fc.assert(
      fc.asyncProperty(forms, types, async (form, type) => {
        const request = { method: 'POST', body: form as string, headers: { 'content-type': type } };
        const { status, body } = await supplier.send('/oauth2/token', request);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expect(Object.keys(body).sort()).toEqual(['error', 'error_description', 'message_id']);
      }),
      { numRuns: 1200 },
    );
  });

  it('a good signature over any claims issues at most what the rules allow', async () => {
    const claim = fc.oneof(fc.anything({ maxDepth: 1 }), fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('iss', 'sub', 'aud', 'jti', 'exp'), claim, async (name, value) => {
        const text = JSON.stringify({ value }, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : member));
        const given = JSON.parse(text) as { value?: unknown };
        const { status } = await supplier.credentials(sign(HEADER, { ...claimsOf('tracing-app'), [name]: given.value }));
        const isGoodJti = name === 'jti' && typeof given.value === 'string' && /^[\x20-\x7e]{1,256}$/.test(given.value);
        if (status === 200) expect(isGoodJti).toBe(true);
        else expect([400, 401]).toContain(status);
      }),
      { numRuns: 300 },
    );
  });
});
