import { randomUUID } from 'node:crypto';
import { Outcome } from '@carespine/contracts';
import { aRole, aUserinfo, USER_ID } from '../sign-in/fixtures/fake-provider';
import { positionOf } from './acting-role';
import { assertion, CIS2_CLIENT, idToken, rsa } from './fixtures/supplier';
import { provider, directory, supplier, clock, find, expectRefusal, expectRecord } from './fixtures/token-endpoint';

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
    clock.aheadMs = 11 * 60_000;
    const then = (): object => ({ exp: now() + 3600 });
    const clinical = (): string => assertion('clinical-app', { exp: Math.floor((Date.now() + clock.aheadMs) / 1000) + 60 });
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
