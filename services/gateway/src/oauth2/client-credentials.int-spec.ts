import { randomUUID } from 'node:crypto';
import { Outcome } from '@carespine/contracts';
import { Clock } from '../sessions/clock';
import { AccessTokens } from './access-tokens';
import { query } from './fixtures/running';
import { assertion, AUDIENCE, claimsOf, HEADER, keys, publicJwk, rsa, sign } from './fixtures/supplier';
import { jwksServer, service, replica, supplier, clock, find, expectRefusal, expectRecord } from './fixtures/token-endpoint';

describe('identity and access: application-restricted, signed JWT', () => {
  it('answers with strings: access_token, expires_in 599, token_type Bearer, issued_at; no refresh token', async () => {
    const answer = await supplier.credentials();
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      expires_in: '599',
      token_type: 'Bearer',
      issued_at: expect.stringMatching(/^\d{13}$/),
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const grant = await find(answer.body['access_token']);
    expect(grant).toMatchObject({ mode: 'application-restricted', aal: 3, application: { clientId: 'tracing-app', odsCode: 'RZZ01' } });
    expect(grant?.staff).toBeUndefined();
    await expectRecord(answer, Outcome.SUCCESS, {
      interactionName: 'Issue token: client credentials',
      agent: { clientId: 'tracing-app', productId: 'P.EXAMPLE', odsCode: 'RZZ01', accessMode: 'application-restricted', tokenId: grant?.tokenId },
    });
  });

  it('gives a privileged application its own mode', async () => {
    const { body } = await supplier.credentials(assertion('privileged-app'));
    expect(await find(body['access_token'])).toMatchObject({ mode: 'privileged-application-restricted' });
  });

  it('stores the hash alone, of which the token id is the end', async () => {
    const { body } = await supplier.credentials();
    const rows = await query<{ hash: string }>(service.databaseUrl, `SELECT encode(token_hash, 'hex') AS hash FROM access_tokens WHERE client_id = 'tracing-app'`);
    const grant = await find(body['access_token']);
    expect(rows.map(({ hash }) => hash.slice(-32))).toContain(grant?.tokenId);
    expect(JSON.stringify(await query(service.databaseUrl, 'SELECT * FROM access_tokens'))).not.toContain(body['access_token']);
  });

  describe.each(['none', 'RS256', 'RS384', 'PS256', 'PS384', 'PS512', 'HS256', 'HS384', 'HS512', 'ES512', 'EdDSA', 'rs512', '', 7, ['RS512'], null])('alg %j', (alg) => {
    it('is refused with 400, exactly RS512 being accepted', async () => {
      expectRefusal(await supplier.credentials(assertion('tracing-app', {}, { alg })), 400, 'invalid_request', "'alg' header in client_assertion JWT");
    });
  });

  it('looks at alg first, whatever else is wrong', async () => {
    const answer = await supplier.credentials(assertion('nobody', { exp: 'x', jti: 1, aud: undefined }, { alg: 'HS512', kid: undefined, typ: 'x' }));
    expectRefusal(answer, 400, 'invalid_request', "Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be 'RS512'");
    await expectRecord(answer, Outcome.MINOR_FAILURE, { outcomeDescription: answer.body['error_description'] });
  });

  it.each([
    ['alg missing', {}, { alg: undefined }, 400, "Missing 'alg' header"],
    ['typ missing', {}, { typ: undefined }, 400, "Invalid 'typ' header in client_assertion JWT - must be 'JWT'"],
    ['typ wrong', {}, { typ: 'JOSE' }, 400, "Invalid 'typ' header"],
    ['typ null', {}, { typ: null }, 400, "Invalid 'typ' header"],
    ['kid missing', {}, { kid: undefined }, 400, "Missing 'kid' header in client_assertion JWT"],
    ['kid empty', {}, { kid: '' }, 400, "Missing 'kid' header"],
    ['kid unknown', {}, { kid: 'key-2' }, 401, "Invalid 'kid' header in client_assertion JWT - no matching public key"],
    ['iss missing', { iss: undefined }, {}, 400, "Missing or non-matching 'iss'/'sub' claims"],
    ['sub missing', { sub: undefined }, {}, 400, "Missing or non-matching 'iss'/'sub' claims"],
    ['iss and sub unequal', { sub: 'clinical-app' }, {}, 400, "Missing or non-matching 'iss'/'sub' claims"],
    ['iss equal to sub but unknown', { iss: 'nobody', sub: 'nobody' }, {}, 401, "Invalid 'iss'/'sub' claims in client_assertion JWT"],
    ['aud missing', { aud: undefined }, {}, 401, "Missing or invalid 'aud' claim in client_assertion JWT"],
    ['aud another', { aud: `${AUDIENCE}/` }, {}, 401, "Missing or invalid 'aud' claim"],
    ['jti missing', { jti: undefined }, {}, 400, "Missing 'jti' claim in client_assertion JWT"],
    ['jti a number', { jti: 1234567890 }, {}, 400, "Invalid 'jti' claim in client_assertion JWT - must be a unique string value such as a GUID"],
    ['exp missing', { exp: undefined }, {}, 400, "Missing 'exp' claim in client_assertion JWT"],
    ['exp a string', { exp: String(Math.floor(Date.now() / 1000) + 200) }, {}, 400, "Invalid 'exp' claim in client_assertion JWT - must be an integer"],
    ['exp a fraction', { exp: Date.now() / 1000 + 200.5 }, {}, 400, "Invalid 'exp' claim in client_assertion JWT - must be an integer"],
    ['exp past', { exp: Math.floor(Date.now() / 1000) - 1 }, {}, 400, "Invalid 'exp' claim in client_assertion JWT - JWT has expired"],
    ['exp too far', { exp: Math.floor(Date.now() / 1000) + 360 }, {}, 400, "Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future"],
  ])('%s', async (_, claims, header, status, description) => {
    const answer = await supplier.credentials(assertion('tracing-app', claims, header));
    expectRefusal(answer, status, 'invalid_request', description);
    await expectRecord(answer, Outcome.MINOR_FAILURE);
  });

  it('takes typ in any case', async () => {
    expect((await supplier.credentials(assertion('tracing-app', {}, { typ: 'jwt' }))).status).toBe(200);
  });

  it('takes an exp up to 5 min 10 s ahead, and no further', async () => {
    const nowMs = Date.now();
    jest.spyOn(service.app.get(Clock, { strict: false }), 'nowMs').mockReturnValue(nowMs);
    const exp = Math.floor(nowMs / 1000);
    expect((await supplier.credentials(assertion('tracing-app', { exp: exp + 310 }))).status).toBe(200);
    expectRefusal(await supplier.credentials(assertion('tracing-app', { exp: exp + 311 })), 400, 'invalid_request', 'more than 5 minutes');
    jest.spyOn(service.app.get(Clock, { strict: false }), 'nowMs').mockImplementation(() => Date.now() + clock.aheadMs);
  });

  it('refuses a jti seen before, 400, and records a serious failure', async () => {
    const once = assertion();
    expect((await supplier.credentials(once)).status).toBe(200);
    const again = await supplier.credentials(once);
    expectRefusal(again, 400, 'invalid_request', "Non-unique 'jti' claim in client_assertion JWT");
    await expectRecord(again, Outcome.SERIOUS_FAILURE, { agent: { clientId: 'tracing-app' } });
  });

  it('remembers a jti for 30 days', async () => {
    const jti = randomUUID();
    expect((await supplier.credentials(assertion('tracing-app', { jti }))).status).toBe(200);
    const tidy = () => service.app.get(AccessTokens, { strict: false }).tidy();
    clock.aheadMs = 29 * 86_400_000;
    await tidy();
    const then = () => assertion('tracing-app', { jti, exp: Math.floor((Date.now() + clock.aheadMs) / 1000) + 60 });
    expectRefusal(await supplier.credentials(then()), 400, 'invalid_request', "'jti'");
    clock.aheadMs = 30 * 86_400_000 + 60_000;
    await tidy();
    expect((await supplier.credentials(then())).status).toBe(200);
  });

  it('keeps the jtis of two applications apart', async () => {
    const jti = randomUUID();
    expect((await supplier.credentials(assertion('tracing-app', { jti }))).status).toBe(200);
    expect((await supplier.credentials(assertion('privileged-app', { jti }))).status).toBe(200);
  });

  it('refuses a bad signature, 401 public_key error, and records a serious failure', async () => {
    const answer = await supplier.credentials(sign(HEADER, claimsOf('tracing-app'), { key: rsa().privateKey }));
    expectRefusal(answer, 401, 'public_key error', 'JWT signature verification failed');
    await expectRecord(answer, Outcome.SERIOUS_FAILURE, { agent: { clientId: 'tracing-app' } });
  });

  it('refuses an application without registered keys, 403 public_key error', async () => {
    expectRefusal(await supplier.credentials(assertion('keyless-app')), 403, 'public_key error', 'You need to register a public key');
  });

  it('refuses an application whose key set cannot be had, 403', async () => {
    expectRefusal(await supplier.credentials(assertion('unreachable-app')), 403, 'public_key error', 'The JWKS endpoint for your client_assertion can not be reached');
  });

  it('refuses a revoked application, 401 access_denied', async () => {
    expectRefusal(await supplier.credentials(assertion('revoked-app')), 401, 'access_denied', "'iss'/'sub'");
  });

  it('refuses an application that is registered for users alone', async () => {
    const answer = await supplier.credentials(assertion('clinical-app'));
    expectRefusal(answer, 401, 'unauthorized_client', 'not configured to use this authorization grant type');
    await expectRecord(answer, Outcome.MINOR_FAILURE, { agent: { clientId: 'clinical-app' } });
  });

  it.each([
    ['100000', '99'],
    ['500000', '499'],
    ['600000', '599'],
    ['700000', '599'],
    ['99999999999', '599'],
    ['4', '0'],
  ])('lets a request shorten the lifetime and never lengthen it: %s ms', async (wished, expected) => {
    const { body } = await supplier.credentials(assertion(), { _access_token_expiry_ms: wished });
    expect(body['expires_in']).toBe(expected);
  });

  it.each(['0', '-1', '1.5', 'x', '1e9', '9'.repeat(400)])('refuses the lifetime %s', async (wished) => {
    expectRefusal(await supplier.credentials(assertion(), { _access_token_expiry_ms: wished }), 400, 'invalid_request', '_access_token_expiry_ms');
  });

  it('expires a token after 600 s', async () => {
    const { body } = await supplier.credentials();
    clock.aheadMs = 599_000;
    expect(await find(body['access_token'])).toBeDefined();
    expect(await find(body['access_token'], replica)).toBeDefined();
    clock.aheadMs = 600_000;
    expect(await find(body['access_token'])).toBeUndefined();
    expect(await find(body['access_token'], replica)).toBeUndefined();
  });

  it('ignores scope', async () => {
    const { status, body } = await supplier.credentials(assertion(), { scope: 'urn:nhsd:apim:app:level3:everything' });
    expect(status).toBe(200);
    expect(body['scope']).toBeUndefined();
  });
});

describe('key sets at an address', () => {
  it('are kept 24 h, and fetched once more on an unknown kid, not too often', async () => {
    const before = jwksServer.requests;
    expect((await supplier.credentials(assertion('remote-app'))).status).toBe(200);
    expect((await supplier.credentials(assertion('remote-app'))).status).toBe(200);
    expect(jwksServer.requests - before).toBe(1);

    const next = rsa();
    const signedByNext = (): string => sign({ ...HEADER, kid: 'key-2' }, { ...claimsOf('remote-app', Date.now() + clock.aheadMs) }, { key: next.privateKey });
    jwksServer.document = { keys: [publicJwk(keys), publicJwk(next, 'key-2'), { kty: 'EC', kid: 'other' }, null, 7] };
    expectRefusal(await supplier.credentials(signedByNext()), 401, 'invalid_request', 'no matching public key');
    expect(jwksServer.requests - before).toBe(1);
    clock.aheadMs = 31_000;
    expect((await supplier.credentials(signedByNext())).status).toBe(200);
    expect(jwksServer.requests - before).toBe(2);

    const known = (): string => assertion('remote-app', { exp: Math.floor((Date.now() + clock.aheadMs) / 1000) + 60 });
    jwksServer.status = 500;
    clock.aheadMs = 23 * 3_600_000;
    expect((await supplier.credentials(known())).status).toBe(200);
    clock.aheadMs = 25 * 3_600_000;
    expectRefusal(await supplier.credentials(known()), 403, 'public_key error', 'can not be reached');
    jwksServer.status = 200;
    clock.aheadMs += 31_000;
    expect((await supplier.credentials(known())).status).toBe(200);
  });

  it.each(['not json', '[]', '{"keys":7}', 'null', '{}', ' '.repeat(100_000)])('an answer that is no key set counts as out of reach', async (document) => {
    clock.aheadMs = 100 * 86_400_000 * (1 + Math.random());
    jwksServer.document = document;
    const token = assertion('remote-app', { exp: Math.floor((Date.now() + clock.aheadMs) / 1000) + 60 });
    expectRefusal(await supplier.credentials(token), 403, 'public_key error', 'can not be reached');
  });
});
