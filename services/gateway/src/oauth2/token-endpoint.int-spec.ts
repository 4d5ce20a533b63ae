import { randomUUID } from 'node:crypto';
import { Interaction, Outcome } from '@carespine/contracts';
import { Database } from '@carespine/service-kit';
import { startService, type RunningService } from '@carespine/test-kit';
import { ApplicationRegistry } from '../applications/application-registry';
import { Clock } from '../sessions/clock';
import { Revocations } from '../sessions/revocations';
import { aRole, aUserinfo, FakeProvider, USER_ID } from '../sign-in/fixtures/fake-provider';
import { settings } from '../sign-in/fixtures/sign-in-service';
import { AccessTokens } from './access-tokens';
import { positionOf } from './acting-role';
import { countOf, query, recordsOf } from './fixtures/running';
import {
  applicationsFile,
  assertion,
  AUDIENCE,
  CIS2_CLIENT,
  claimsOf,
  DocumentServer,
  HEADER,
  idToken,
  keys,
  publicJwk,
  rsa,
  sign,
  Supplier,
  type Answer,
} from './fixtures/supplier';
import { tokenService } from './fixtures/token-service';

jest.setTimeout(60_000);

let provider: FakeProvider;
let jwksServer: DocumentServer;
let directory: DocumentServer;
let service: RunningService;
let replica: RunningService;
let supplier: Supplier;
let aheadMs = 0;

beforeAll(async () => {
  [provider, jwksServer, directory] = await Promise.all([FakeProvider.start(), DocumentServer.start(), DocumentServer.start()]);
  const dead = await DocumentServer.start();
  await dead.stop();
  const env = settings(provider.issuer, { APPLICATIONS: applicationsFile(jwksServer.url, dead.url), ROLE_DIRECTORY_URL: directory.url });
  service = await startService(tokenService, env);
  replica = await startService(tokenService, { ...env, DATABASE_URL: service.databaseUrl, EVENT_LOG_URL: service.eventLogUrl });
  for (const { app } of [service, replica]) jest.spyOn(app.get(Clock, { strict: false }), 'nowMs').mockImplementation(() => Date.now() + aheadMs);
  supplier = new Supplier(service.url);
});

beforeEach(() => {
  aheadMs = 0;
  provider.straighten();
  Object.assign(directory, { status: 200, document: aUserinfo() });
  Object.assign(jwksServer, { status: 200, document: { keys: [publicJwk(keys)] } });
});

afterAll(async () => {
  await replica?.stop();
  await service?.stop();
  await Promise.all([provider?.stop(), jwksServer?.stop(), directory?.stop()]);
});

const find = (token: string | undefined, at = service) => at.app.get(AccessTokens, { strict: false }).find(token ?? '');
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function expectRefusal({ status, headers, body }: Answer, expectedStatus: number, error: string, named: string | RegExp): void {
  expect({ status, ...body }).toMatchObject({ status: expectedStatus, error });
  expect(body['error_description']).toMatch(named);
  expect(body['message_id']).toMatch(UUID);
  expect(Object.keys(body).sort()).toEqual(['error', 'error_description', 'message_id']);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('cache-control')).toBe('no-store');
}

async function expectRecord({ requestId }: Answer, outcome: Outcome, facts: object = {}): Promise<void> {
  const records = await recordsOf(requestId, service);
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ interaction: Interaction.TOKEN, outcome, service: 'gateway', nhsNumber: '', ...facts });
}

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
    jest.spyOn(service.app.get(Clock, { strict: false }), 'nowMs').mockImplementation(() => Date.now() + aheadMs);
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
    aheadMs = 29 * 86_400_000;
    await tidy();
    const then = () => assertion('tracing-app', { jti, exp: Math.floor((Date.now() + aheadMs) / 1000) + 60 });
    expectRefusal(await supplier.credentials(then()), 400, 'invalid_request', "'jti'");
    aheadMs = 30 * 86_400_000 + 60_000;
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
    aheadMs = 599_000;
    expect(await find(body['access_token'])).toBeDefined();
    expect(await find(body['access_token'], replica)).toBeDefined();
    aheadMs = 600_000;
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
    const signedByNext = (): string => sign({ ...HEADER, kid: 'key-2' }, { ...claimsOf('remote-app', Date.now() + aheadMs) }, { key: next.privateKey });
    jwksServer.document = { keys: [publicJwk(keys), publicJwk(next, 'key-2'), { kty: 'EC', kid: 'other' }, null, 7] };
    expectRefusal(await supplier.credentials(signedByNext()), 401, 'invalid_request', 'no matching public key');
    expect(jwksServer.requests - before).toBe(1);
    aheadMs = 31_000;
    expect((await supplier.credentials(signedByNext())).status).toBe(200);
    expect(jwksServer.requests - before).toBe(2);

    const known = (): string => assertion('remote-app', { exp: Math.floor((Date.now() + aheadMs) / 1000) + 60 });
    jwksServer.status = 500;
    aheadMs = 23 * 3_600_000;
    expect((await supplier.credentials(known())).status).toBe(200);
    aheadMs = 25 * 3_600_000;
    expectRefusal(await supplier.credentials(known()), 403, 'public_key error', 'can not be reached');
    jwksServer.status = 200;
    aheadMs += 31_000;
    expect((await supplier.credentials(known())).status).toBe(200);
  });

  it.each(['not json', '[]', '{"keys":7}', 'null', '{}', ' '.repeat(100_000)])('an answer that is no key set counts as out of reach', async (document) => {
    aheadMs = 100 * 86_400_000 * (1 + Math.random());
    jwksServer.document = document;
    const token = assertion('remote-app', { exp: Math.floor((Date.now() + aheadMs) / 1000) + 60 });
    expectRefusal(await supplier.credentials(token), 403, 'public_key error', 'can not be reached');
  });
});

describe('identity and access: token exchange', () => {
  it('adds refresh_token, refresh_count 0, refresh_token_expires_in and issued_token_type', async () => {
    const answer = await supplier.exchange(idToken(provider, { selected_roleid: '555000001101' }));
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      expires_in: '599',
      token_type: 'Bearer',
      issued_at: expect.stringMatching(/^\d{13}$/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_count: '0',
      refresh_token_expires_in: '43199',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    const grant = await find(answer.body['access_token']);
    expect(grant).toMatchObject({
      mode: 'user-restricted',
      application: { clientId: 'clinical-app' },
      aal: 3,
      sid: provider.sid,
      selectedRoleId: '555000001101',
      staff: { userId: USER_ID, name: 'Okafor Ngozi Dr', idAssurance: 3, positions: [{ id: '555000001101', jobRole: 'R8000' }] },
    });
    await expectRecord(answer, Outcome.SUCCESS, {
      interactionName: 'Issue token: token exchange',
      agent: {
        clientId: 'clinical-app',
        userId: USER_ID,
        userName: 'Okafor Ngozi Dr',
        accessMode: 'user-restricted',
        authenticationAssuranceLevel: 3,
        tokenId: grant?.tokenId,
        sessionId: grant?.sessionId,
      },
    });
  });

  it.each([
    ['client_assertion_type missing', { client_assertion_type: undefined }, "Missing or invalid client_assertion_type - must be 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'"],
    ['client_assertion_type wrong', { client_assertion_type: 'invalid' }, 'Missing or invalid client_assertion_type'],
    ['client_assertion missing', { client_assertion: undefined }, 'Missing client_assertion'],
    ['client_assertion no JWT', { client_assertion: 'invalid' }, 'Malformed JWT in client_assertion'],
    ['subject_token_type missing', { subject_token_type: undefined }, "Missing or invalid subject_token_type - must be 'urn:ietf:params:oauth:token-type:id_token'"],
    ['subject_token_type wrong', { subject_token_type: 'invalid' }, 'Missing or invalid subject_token_type'],
    ['subject_token missing', { subject_token: undefined }, 'Missing subject_token'],
    ['subject_token no JWT', { subject_token: 'invalid' }, 'Malformed JWT in subject_token'],
    ['grant_type missing', { grant_type: undefined }, 'grant_type is missing'],
    ['grant_type unknown, which is invalid_request beside a subject_token', { grant_type: 'invalid' }, 'grant_type is invalid'],
    ['grant_type of applications', { grant_type: 'client_credentials' }, 'grant_type is invalid'],
    ['lifetime no number', { _access_token_expiry_ms: 'soon' }, '_access_token_expiry_ms'],
  ])('%s: 400 invalid_request', async (_, form, description) => {
    const answer = await supplier.exchange(idToken(provider), form);
    expectRefusal(answer, 400, 'invalid_request', description);
    await expectRecord(answer, Outcome.MINOR_FAILURE);
  });

  const now = (): number => Math.floor(Date.now() / 1000);
  it.each([
    ['kid missing', {}, { kid: undefined }, 400, 'invalid_request', "Missing 'kid' header in subject_token JWT"],
    ['kid unknown', {}, { kid: 'cis2-9' }, 401, 'invalid_request', "Invalid 'kid' header in subject_token JWT - no matching public key"],
    ['typ missing', {}, { typ: undefined }, 400, 'invalid_request', "Invalid 'typ' header in subject_token JWT - must be 'JWT'"],
    ['typ wrong', {}, { typ: 'logout+jwt' }, 400, 'invalid_request', "Invalid 'typ' header in subject_token JWT"],
    ['alg missing', {}, { alg: undefined }, 400, 'invalid_request', "Missing 'alg' header in subject_token JWT"],
    ['alg none', {}, { alg: 'none' }, 400, 'invalid_request', "Invalid 'alg' header in subject_token JWT"],
    ['alg RS512', {}, { alg: 'RS512' }, 400, 'invalid_request', "Invalid 'alg' header in subject_token JWT"],
    ['exp missing', { exp: undefined }, {}, 400, 'invalid_request', "Missing 'exp' claim in subject_token JWT"],
    ['exp a string', { exp: String(now() + 300) }, {}, 400, 'invalid_request', "Invalid 'exp' claim in subject_token JWT - must be an integer"],
    ['exp past', { exp: now() - 1 }, {}, 400, 'invalid_request', "Invalid 'exp' claim in subject_token JWT - JWT has expired"],
    ['iss missing', { iss: undefined }, {}, 400, 'invalid_request', "Missing 'iss' claim in subject_token JWT"],
    ['iss foreign', { iss: 'https://am.example:443/openam' }, {}, 400, 'invalid_request', "'iss' claim in subject_token JWT"],
    ['aud missing', { aud: undefined }, {}, 401, 'invalid_request', "Missing 'aud' claim in subject_token JWT"],
    ['aud of another supplier', { aud: '000000000003.apps.national', azp: undefined }, {}, 401, 'invalid_request', "'aud' claim in subject_token JWT"],
    ['aud of the portal', { aud: '000000000001.apps.national', azp: undefined }, {}, 401, 'invalid_request', "'aud' claim in subject_token JWT"],
    ['aud several', { aud: [CIS2_CLIENT, '000000000003.apps.national'] }, {}, 401, 'invalid_request', "'aud' claim in subject_token JWT"],
    ['azp of another', { azp: '000000000003.apps.national' }, {}, 401, 'invalid_request', "'azp' claim in subject_token JWT"],
    ['nbf to come', { nbf: now() + 60 }, {}, 400, 'invalid_request', "'nbf' claim"],
    ['iat to come', { iat: now() + 60 }, {}, 400, 'invalid_request', "'iat' claim"],
    ['sub missing', { sub: undefined }, {}, 400, 'invalid_request', "'sub' claim"],
    ['sub no user id', { sub: "1' OR '1'='1" }, {}, 400, 'invalid_request', "'sub' claim"],
    ['level missing', { authentication_assurance_level: undefined }, {}, 400, 'invalid_request', "'authentication_assurance_level' claim"],
    ['level beyond', { authentication_assurance_level: 4 }, {}, 400, 'invalid_request', "'authentication_assurance_level' claim"],
    ['identity assurance missing', { id_assurance_level: undefined }, {}, 400, 'invalid_request', "'id_assurance_level' claim"],
    ['identity assurance low', { id_assurance_level: 2 }, {}, 401, 'unauthorized_client', "'id_assurance_level' claim in subject_token JWT is too low"],
    ['selected role empty', { selected_roleid: '' }, {}, 401, 'invalid_request', "'selected_roleid' claim"],
  ])('subject token with %s', async (_, claims, header, status, error, description) => {
    const answer = await supplier.exchange(idToken(provider, claims, header));
    expectRefusal(answer, status, error, description);
    await expectRecord(answer, Outcome.MINOR_FAILURE, { agent: { clientId: 'clinical-app' } });
  });

  it('refuses a subject token that another key signed, and records a serious failure', async () => {
    const answer = await supplier.exchange(idToken(provider, {}, {}, rsa().privateKey));
    expectRefusal(answer, 401, 'public_key error', 'JWT signature verification failed - subject_token');
    await expectRecord(answer, Outcome.SERIOUS_FAILURE);
  });

  it('refuses another supplier the same ID token (confused deputy)', async () => {
    const token = idToken(provider);
    expectRefusal(await supplier.exchange(token, { client_assertion: assertion('other-supplier') }), 401, 'invalid_request', "'aud' claim");
    expect((await supplier.exchange(token)).status).toBe(200);
  });

  it('refuses an application that is registered without users', async () => {
    expectRefusal(await supplier.exchange(idToken(provider), { client_assertion: assertion('tracing-app') }), 401, 'unauthorized_client', 'grant_type');
  });

  it.each([1, 2, 3, '1', '2', '3'])('takes the assurance level %j from the ID token', async (level) => {
    const { body } = await supplier.exchange(idToken(provider, { authentication_assurance_level: level }));
    expect(await find(body['access_token'])).toMatchObject({ aal: Number(level) });
  });

  it('cannot verify while the issuer is out of reach: 503, and then can', async () => {
    provider.signing = { kid: `cis2-${randomUUID()}`, ...rsa() };
    provider.bend = { jwks: (reply) => reply.code(500).send({}) };
    aheadMs = 11 * 60_000;
    const then = (): object => ({ exp: now() + 3600 });
    const clinical = (): string => assertion('clinical-app', { exp: Math.floor((Date.now() + aheadMs) / 1000) + 60 });
    const answer = await supplier.exchange(idToken(provider, then()), { client_assertion: clinical() });
    expectRefusal(answer, 503, 'temporarily_unavailable', 'issuer of the subject_token');
    expect(answer.headers.get('retry-after')).toBe('5');
    provider.bend = {};
    expect((await supplier.exchange(idToken(provider, then()), { client_assertion: clinical() })).status).toBe(200);
  });

  it.each([
    ['the role directory does not know the user', 404, {}],
    ['the list of roles is malformed', 200, { ...aUserinfo(), nhsid_nrbac_roles: 'all' }],
    ['the directory speaks of somebody else', 200, aUserinfo({ sub: '555000000999', uid: undefined, nhsid_useruid: undefined })],
    ['a role lacks its id', 200, aUserinfo({ nhsid_nrbac_roles: [aRole(), aRole({ person_roleid: undefined })] })],
    ['the user has no role', 200, aUserinfo({ nhsid_nrbac_roles: undefined })],
  ])('gives a token that opens nothing when %s', async (_, status, document) => {
    Object.assign(directory, { status, document });
    const { body } = await supplier.exchange(idToken(provider));
    const grant = await find(body['access_token']);
    expect(grant?.staff?.userId).toBe(USER_ID);
    expect(() => positionOf(grant ?? {}, undefined)).toThrow(expect.objectContaining({ status: 401 }));
    expect(() => positionOf(grant ?? {}, '555000001101')).toThrow(expect.objectContaining({ status: 401 }));
  });

  it.each([500, 301])('answers 503 while the role directory answers %d', async (status) => {
    directory.status = status;
    expectRefusal(await supplier.exchange(idToken(provider)), 503, 'temporarily_unavailable', 'directory');
  });
});

describe('identity and access: refresh', () => {
  const signedIn = async (): Promise<Record<string, string>> => (await supplier.exchange(idToken(provider))).body;
  const later = (): { client_assertion: string } => ({
    client_assertion: assertion('clinical-app', { exp: Math.floor((Date.now() + aheadMs) / 1000) + 60 }),
  });

  it('returns a new refresh token, counts up, and its time counts from the sign-in', async () => {
    const first = await signedIn();
    aheadMs = 3_600_000;
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
    aheadMs = 7_200_000;
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
    aheadMs = 12 * 3_600_000 - 60_000;
    const last = await supplier.refresh(first['refresh_token'], later());
    expect(Number(last.body['expires_in'])).toBeLessThanOrEqual(59);
    aheadMs = 12 * 3_600_000;
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

describe('identity and access: token errors', () => {
  it.each([
    ['grant_type missing', {}, 'invalid_request', 'grant_type is missing'],
    ['grant_type empty, which counts as missing', { grant_type: '' }, 'invalid_request', 'grant_type is missing'],
    ['grant_type unknown', { grant_type: 'invalid' }, 'unsupported_grant_type', 'grant_type is invalid'],
    ['password grant', { grant_type: 'password', username: 'a', password: 'b' }, 'unsupported_grant_type', 'grant_type is invalid'],
    ['combined pattern, which is not offered', { grant_type: 'authorization_code', code: 'x' }, 'unsupported_grant_type', 'grant_type is invalid'],
    ['assertion type missing', { grant_type: 'client_credentials' }, 'invalid_request', 'client_assertion_type'],
  ])('%s: 400', async (_, form, error, description) => {
    const answer = await supplier.post(form);
    expectRefusal(answer, 400, error, description);
    await expectRecord(answer, Outcome.MINOR_FAILURE);
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])('%s on /token: 405 with Allow', async (method) => {
    const { status, headers } = await supplier.send('/oauth2/token', { method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST');
  });

  it.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencodedx', 'nonsense', 'application/fhir+json'])(
    'content type %s: 415',
    async (type) => {
      const answer = await supplier.send('/oauth2/token', { method: 'POST', body: 'grant_type=client_credentials', headers: { 'content-type': type } });
      expectRefusal(answer, 415, 'invalid_request', 'Content-Type header');
      await expectRecord(answer, Outcome.MINOR_FAILURE);
    },
  );

  it('no content at all: 415', async () => {
    expectRefusal(await supplier.send('/oauth2/token', { method: 'POST' }), 415, 'invalid_request', 'Content-Type header');
  });

  it('takes a charset with the content type', async () => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion() });
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    expect((await supplier.send('/oauth2/token', { method: 'POST', body: body.toString(), headers })).status).toBe(200);
  });

  it('reads the form alone, not the query', async () => {
    const answer = await supplier.send('/oauth2/token?grant_type=client_credentials', { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expectRefusal(answer, 400, 'invalid_request', 'grant_type is missing');
  });

  it.each(['grant_type=client_credentials&grant_type=client_credentials', 'grant_type=&grant_type=client_credentials', 'x=1&x=2'])(
    'refuses a parameter given twice: %s',
    async (body) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expectRefusal(await supplier.send('/oauth2/token', { method: 'POST', body, headers }), 400, 'invalid_request', 'more than once');
    },
  );

  it('refuses a form above 64 KiB: 413', async () => {
    const answer = await supplier.credentials('x'.repeat(70_000));
    expectRefusal(answer, 413, 'invalid_request', 'larger than');
    await expectRecord(answer, Outcome.MINOR_FAILURE);
  });

  it('names the request in message_id', async () => {
    const { body, requestId, headers } = await supplier.post({});
    expect(body['message_id']).toBe(requestId);
    expect(headers.get('x-request-id')).toBe(requestId);
  });

  it('gives no answer but 503 when no record can be made', async () => {
    await query(service.databaseUrl, 'ALTER TABLE outbox ADD CONSTRAINT no_more CHECK (false) NOT VALID');
    try {
      for (const answer of [await supplier.credentials(), await supplier.post({})]) {
        expectRefusal(answer, 503, 'temporarily_unavailable', 'unavailable for a moment');
      }
    } finally {
      await query(service.databaseUrl, 'ALTER TABLE outbox DROP CONSTRAINT no_more');
    }
  });
});

describe('the endpoints beside it', () => {
  it.each(['/oauth2/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/oauth2'])('RFC 8414: %s describes the server', async (path) => {
    const response = await fetch(service.url + path);
    expect(await response.json()).toEqual({
      issuer: 'http://127.0.0.1:8080/oauth2',
      token_endpoint: AUDIENCE,
      response_types_supported: [],
      grant_types_supported: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS512'],
    });
  });

  it.each([
    ['exchanged token', () => supplier.exchange(idToken(provider))],
    ["application's token", () => supplier.credentials()],
  ])('/userinfo refuses an %s with 400', async (_, issue) => {
    const { body } = await issue();
    const answer = await supplier.send('/oauth2/userinfo', { headers: { authorization: `Bearer ${body['access_token'] ?? ''}` } });
    expectRefusal(answer, 400, 'invalid_request', 'The Userinfo endpoint is only supported for Combined Auth integrations');
  });

  it.each(['', 'Bearer', 'Bearer x', `Bearer ${'A'.repeat(43)}`, 'Basic eDp5'])('/userinfo without a good token (%j): 401', async (authorization) => {
    const answer = await supplier.send('/oauth2/userinfo', { headers: { authorization } });
    expectRefusal(answer, 401, 'invalid_request', 'access token');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each([
    ['client_id missing', '?redirect_uri=https://a.example', 401, 'invalid_request', 'client_id is missing'],
    ['client_id wrong', '?client_id=nobody&redirect_uri=https://a.example', 401, 'invalid_request', 'client_id is invalid'],
    ['client_id twice', '?client_id=clinical-app&client_id=clinical-app', 401, 'invalid_request', 'client_id is invalid'],
    ['revoked', '?client_id=revoked-app&redirect_uri=https://a.example', 401, 'access_denied', 'revoked'],
    ['redirect_uri missing', '?client_id=clinical-app', 400, 'invalid_request', 'redirect_uri is missing'],
    ['redirect_uri wrong', '?client_id=clinical-app&redirect_uri=https://a.example&response_type=token&state=1', 400, 'invalid_request', 'redirect_uri is invalid'],
  ])('/authorize, %s: shown here, never redirected', async (_, search, status, error, description) => {
    const answer = await supplier.send(`/oauth2/authorize${search}`);
    expectRefusal(answer, status, error, description);
    expect(answer.headers.get('location')).toBeNull();
  });

  it.each(['/oauth2/authorize', '/oauth2/userinfo'])('POST on %s: 405 with Allow', async (path) => {
    const { status, headers } = await supplier.send(path, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET');
  });
});

describe('access tokens on the way of every request', () => {
  it('costs no query when warm', async () => {
    const { body } = await supplier.credentials();
    const grant = await find(body['access_token']);
    const asked = jest.spyOn(service.app.get(Database), 'query');
    expect(await find(body['access_token'])).toBe(grant);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  it.each(['', 'x', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}\u0000`, "' OR 1=1 --".padEnd(43, '-')])('asks no database about %j', async (token) => {
    const asked = jest.spyOn(service.app.get(Database), 'query');
    expect(await find(token)).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  it('refuses the tokens of an application that was taken off the register', async () => {
    const { body } = await supplier.credentials();
    const registry = replica.app.get(ApplicationRegistry, { strict: false });
    jest.spyOn(registry, 'find').mockReturnValueOnce(undefined);
    expect(await find(body['access_token'], replica)).toBeUndefined();
  });

  it('tidies away what has expired', async () => {
    await supplier.exchange(idToken(provider));
    aheadMs = 300 * 86_400_000;
    await service.app.get(AccessTokens, { strict: false }).tidy();
    for (const table of ['access_tokens', 'refresh_tokens', 'supplier_sessions']) expect(await countOf(service.databaseUrl, table)).toBe(0);
  });
});
