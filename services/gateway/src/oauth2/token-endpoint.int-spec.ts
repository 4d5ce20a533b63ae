import { Outcome } from '@carespine/contracts';
import { Database } from '@carespine/service-kit';
import { ApplicationRegistry } from '../applications/application-registry';
import { AccessTokens } from './access-tokens';
import { countOf, query } from './fixtures/running';
import { assertion, AUDIENCE, idToken } from './fixtures/supplier';
import { provider, service, replica, supplier, clock, find, expectRefusal, expectRecord } from './fixtures/token-endpoint';

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
    clock.aheadMs = 300 * 86_400_000;
    await service.app.get(AccessTokens, { strict: false }).tidy();
    for (const table of ['access_tokens', 'refresh_tokens', 'supplier_sessions']) expect(await countOf(service.databaseUrl, table)).toBe(0);
  });
});
