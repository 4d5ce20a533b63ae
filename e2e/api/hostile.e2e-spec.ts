import { createHmac, createPublicKey, generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CompactSign, importJWK, SignJWT } from 'jose';
import { Client } from 'pg';
import { ContextMint } from '@carespine/access-control';
import { aUser } from '@carespine/test-kit';
import { addPatients, aPatient } from '../patients';
import { addressOf, databaseUrl, secretsOf, thePlatform } from '../platform';
import { head, rawRequest } from './raw-request';
import { applicationTokens, BASE, CLINICAL_SYSTEM, identify, Supplier, TRACING_APP, tokensFor, userTokens, type Tokens } from './supplier';

const CONSULTANT = '555000000101';
const RECEPTIONIST = '555000000104';
const OFFICER = '555000000107';
const OFFICERS_ROLE = '555000001107';

const platform = thePlatform();
const patient = aPatient();
const path = `${BASE}/Patient/${patient.id}`;
/** X-Request-IDs of requests that must never have been carried out. */
const smuggled: string[] = [];
let good: Tokens;
let clinician: Supplier;
let processes: string[];

const running = (): string[] => readdirSync(join(platform.home, 'run')).map((file) => `${file} ${readFileSync(join(platform.home, 'run', file), 'utf8')}`).sort();
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const smuggledId = (): string => {
  const id = randomUUID();
  smuggled.push(id);
  return id;
};

/** A context as the gateway would make it, for somebody who may do everything. */
const forgedContext = async (): Promise<string> => (await new ContextMint(secretsOf(platform).contextKey).mint(aUser({ jobRole: 'R0001', activityCodes: ['B0264', 'B0825', 'B1611', 'B0011'] }))).token;

beforeAll(async () => {
  await addPatients(platform, patient);
  good = await userTokens(platform, CONSULTANT);
  clinician = new Supplier(platform, good.access_token);
  processes = running();
});

afterAll(async () => {
  const { status, body } = await clinician.call(`/Patient/${patient.id}`);
  expect([status, body.meta?.versionId, body.gender]).toEqual([200, '1', 'female']);
  for (const offset of [0, 1, 2, 3, 4]) expect((await fetch(`${addressOf(platform, offset)}/health/ready`)).status).toBe(200);
  expect(running()).toEqual(processes);
  const audit = new Client({ connectionString: databaseUrl(platform, 'audit') });
  await audit.connect();
  await delay(1500); // records of what was carried out would be here by now
  const { rows } = await audit.query('SELECT request_id FROM access_events WHERE request_id = ANY($1) AND outcome = 0', [smuggled]);
  await audit.end();
  expect(rows).toEqual([]);
});

const NO_INSIDES = /\n\s+at |node_modules|\/dist\/|\.[jt]s:\d|SELECT |pg_|ECONN|undefined/;

function expectRefusal({ status, text }: { status: number; text: string }, ...statuses: number[]): void {
  if (statuses.length > 0) expect(statuses).toContain(status);
  else expect([Math.floor(status / 100), status]).toEqual([4, status]);
  expect(text).not.toMatch(NO_INSIDES);
}

async function send(url: string, init: RequestInit = {}): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(`${platform.url}${url}`, { redirect: 'manual', ...init, headers: { 'x-request-id': randomUUID(), ...(init.headers as Record<string, string>) } });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

describe('bearer tokens: 401 with WWW-Authenticate and an OperationOutcome', () => {
  const claims = { sub: CONSULTANT, iss: 'carespine-gateway', aud: 'carespine-services', exp: Math.floor(Date.now() / 1000) + 600, scope: 'urn:nhsd:apim:user-nhs-cis2:aal3:personal-demographics-service' };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });

  const tokens: Record<string, () => string | Promise<string>> = {
    'a JWT with alg none': () => `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`,
    'a JWT with alg nOnE': () => `${part({ alg: 'nOnE', typ: 'JWT' })}.${part(claims)}.`,
    'an HS256 JWT, keyed with the public key': () => {
      const key = createPublicKey({ key: secretsOf(platform).contextKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const content = `${part({ alg: 'HS256', kid: secretsOf(platform).contextKey.kid })}.${part(claims)}`;
      return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
    },
    'a JWT of an attacker’s key': () => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: secretsOf(platform).tokenClientKey.kid }).sign(attacker.privateKey),
    'a JWT that brings its own key': () =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', jwk: attacker.publicKey.export({ format: 'jwk' }) }).sign(attacker.privateKey),
    'a JWT whose kid is a path': () => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: '../../../../dev/null' }).sign(attacker.privateKey),
    'an assertion of an application': async () => {
      const key = JSON.parse(readFileSync(join(platform.home, 'applications', `${TRACING_APP}.jwk.json`), 'utf8')) as JsonWebKey & { kid: string };
      return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: 'RS512', kid: key.kid }).sign(await importJWK(key, 'RS512'));
    },
    'a context of the gateway': forgedContext,
    'an ID token of CIS2': async () => (await identify(platform, CONSULTANT)).idToken,
    'an access token of CIS2': async () => (await identify(platform, CONSULTANT)).accessToken,
    'a refresh token': () => String(good.refresh_token),
    'an expired token': async () => {
      const { access_token: token } = await applicationTokens(platform, TRACING_APP, { _access_token_expiry_ms: '1' });
      await delay(5);
      return token;
    },
    'a truncated token': () => good.access_token.slice(0, -1),
    'a token with one character changed': () => (good.access_token.startsWith('A') ? 'B' : 'A') + good.access_token.slice(1),
    'a token in capitals': () => good.access_token.toUpperCase(),
    'a token with something behind it': () => `${good.access_token}=`,
    'two tokens': () => `${good.access_token} ${good.access_token}`,
    'two tokens with a comma': () => `${good.access_token}, ${good.access_token}`,
    'a token of 8000 letters': () => 'a'.repeat(8000),
    'SQL': () => `'||(SELECT/**/token_hash/**/FROM/**/access_tokens/**/LIMIT/**/1)||'`,
    'nothing': () => '',
  };

  it.each(Object.entries(tokens))('%s', async (_name, make) => {
    const answer = await send(path, { headers: bearer(await make()) });
    expectRefusal(answer, 401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(JSON.parse(answer.text)).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ details: { coding: [{ code: 'ACCESS_DENIED' }] } }] });
  });

  it('a refreshed token’s forerunner and a refresh token used twice', async () => {
    const first = await userTokens(platform, CONSULTANT);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(first.refresh_token) };
    const second = await tokensFor(platform, CLINICAL_SYSTEM, refresh);
    expect((await send(path, { headers: bearer(second.access_token) })).status).toBe(200);
    await expect(tokensFor(platform, CLINICAL_SYSTEM, refresh)).rejects.toThrow(/401.*invalid_grant/);
    // whoever uses an old one may be a thief: the whole family ends
    expectRefusal(await send(path, { headers: bearer(second.access_token) }), 401);
  });

  it.each([
    ['Basic', () => ({ authorization: `Basic ${Buffer.from('a:b').toString('base64')}` })],
    ['no scheme', () => ({ authorization: good.access_token })],
    ['in the query', () => ({})],
    ['in a cookie', () => ({ cookie: `__Host-carespine=${good.access_token}; access_token=${good.access_token}` })],
    ['in another header', () => ({ 'x-authorization': `Bearer ${good.access_token}`, 'proxy-authorization': `Bearer ${good.access_token}` })],
  ])('a good token %s', async (where, headers) => expectRefusal(await send(where === 'in the query' ? `${path}?access_token=${good.access_token}` : path, { headers: headers() }), 401));

  it('a token whose product has no such API', async () => {
    const { access_token: token } = await applicationTokens(platform, TRACING_APP);
    expectRefusal(await send(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}`, { headers: bearer(token) }), 403);
  });
});

describe('headers that a caller may not decide', () => {
  it('refuses two Authorization headers: whose would be believed?', async () => {
    const headers = ['Host: carespine.example', `Authorization: Bearer ${good.access_token}`, 'Authorization: Bearer other', `X-Request-ID: ${randomUUID()}`, 'Connection: close'];
    const raw = await rawRequest(platform, head(`GET ${path} HTTP/1.1`, headers));
    expect([raw.status, raw.answers]).toEqual([400, 1]);
    expect(raw.text).toContain('More than one Authorization header');
  });

  it('carespine-context is dropped: neither alone nor beside a token does it make somebody of the caller', async () => {
    const context = await forgedContext();
    for (const name of ['carespine-context', 'Carespine-Context', 'CARESPINE-CONTEXT']) {
      expectRefusal(await send(path, { headers: { [name]: context } }), 401);
      expectRefusal(await send(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}`, { headers: { [name]: context, ...bearer(good.access_token) } }), 403);
    }
    expect((await send('/find-a-patient', { headers: { 'carespine-context': context } })).headers.get('location')).toMatch(/^\/auth\/login/);
    const receptionist = await Supplier.ofUser(platform, RECEPTIONIST);
    const patched = await receptionist.patch(patient.id, 1, [{ op: 'replace', path: '/gender', value: 'male' }], { 'carespine-context': context });
    expect(patched.status).toBe(403);
    const raw = await rawRequest(platform, head(`GET ${path} HTTP/1.1`, ['Host: x', `carespine-context: ${context}`, `carespine-context: ${context}`, `carespine_context: ${context}`, 'Connection: close']));
    expectRefusal(raw, 401);
  });

  it.each([
    ['somebody else’s role', OFFICERS_ROLE],
    ['a list of roles', '555000001101,555000001107'],
    ['no digits', 'admin'],
    ['SQL', "1' OR '1'='1"],
    ['very long', '5'.repeat(5000)],
  ])('NHSD-Session-URID: %s', async (_name, urid) => expectRefusal(await send(path, { headers: { ...bearer(good.access_token), 'nhsd-session-urid': urid } }), 400, 401));

  it('X-Forwarded-For and its like: the record has the address of the connection', async () => {
    const requestId = randomUUID();
    const claimed = { 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6', 'x-real-ip': '6.6.6.6', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' };
    const { status, text } = await send(path, { headers: { ...bearer(good.access_token), 'x-request-id': requestId, ...claimed } });
    expect(status).toBe(200);
    expect(text).not.toContain('evil.example');
    const officer = await Supplier.ofUser(platform, OFFICER);
    for (let body = ''; !body.includes('127.0.0.1'); await delay(50)) {
      body = JSON.stringify((await officer.call(`/audit/FHIR/R4/AuditEvent?patient=${patient.id}&entity=https://fhir.nhs.uk/Id/transaction|${requestId}`)).body);
      expect(body).not.toContain('6.6.6.6');
    }
  });

  it.each(['x-http-method-override', 'x-http-method', 'x-method-override'])('%s does not make an update of a retrieval', async (name) =>
    expect((await send(path, { headers: { ...bearer(good.access_token), [name]: 'DELETE' } })).status).toBe(200));

  it('Host does not get into an answer', async () => {
    const query = `${BASE}/Patient?family=${patient.name?.[0]?.family}&birthdate=1985-03-04`;
    const raw = await rawRequest(platform, head(`GET ${query} HTTP/1.1`, ['Host: evil.example', `Authorization: Bearer ${good.access_token}`, `X-Request-ID: ${randomUUID()}`, 'Connection: close']));
    expect(raw.status).toBe(200);
    expect(raw.text).not.toContain('evil.example');
  });

  it.each([
    ['X-Request-ID missing', { 'x-request-id': '' }],
    ['X-Request-ID no UUID', { 'x-request-id': "1'; DROP TABLE patients;--" }],
    ['X-Request-ID very long', { 'x-request-id': 'a'.repeat(9000) }],
  ])('%s', async (_name, headers) => expectRefusal(await send(path, { headers: { ...bearer(good.access_token), ...headers } }), 400));

  it.each(['a'.repeat(9000), 'a\tb', ''])('an X-Correlation-ID that cannot be said again is left aside', async (given) => {
    const answer = await send(path, { headers: { ...bearer(good.access_token), 'x-correlation-id': given } });
    expect([answer.status, answer.headers.get('x-correlation-id')]).toEqual([200, null]);
  });

  it('a session’s cookie from another site changes nothing', async () => {
    const cookie = `__Host-carespine=${'A'.repeat(43)}`;
    expectRefusal(await send('/auth/role', { method: 'POST', headers: { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, body: new URLSearchParams({ roleId: OFFICERS_ROLE }) }), 403);
    expectRefusal(await send('/find-a-patient', { method: 'POST', headers: { cookie, 'sec-fetch-site': 'cross-site' }, body: new URLSearchParams({ nhsNumber: patient.id }) }), 403);
  });
});

describe('paths that try to get past the door', () => {
  it.each([
    [`/personal-demographics/../audit/FHIR/R4/AuditEvent?patient=${patient.id}`],
    [`/personal-demographics/%2e%2e/audit/FHIR/R4/AuditEvent?patient=${patient.id}`],
    [`${BASE}/Patient/..%2f..%2f..%2f..%2faudit%2fFHIR%2fR4%2fAuditEvent`],
    [`${BASE}/Patient/%2e%2e/%2e%2e/metrics`],
    [`${BASE}/../../../metrics`],
    [`/personal-demographics/../metrics`],
    [`/personal-demographics/../health/ready`],
    [`//personal-demographics/FHIR/R4/Patient/${patient.id}`],
    [`/personal-demographics//FHIR/R4/Patient/${patient.id}`],
    [`${BASE}//Patient/${patient.id}`],
    [`/./personal-demographics/FHIR/R4/Patient/${patient.id}`],
    [`/personal-demographics%2FFHIR%2FR4%2FPatient%2F${patient.id}`],
    [`/PERSONAL-DEMOGRAPHICS/FHIR/R4/Patient/${patient.id}`],
    [`${BASE}/Patient/${patient.id}/`],
    [`${BASE}/Patient/${patient.id}%00`],
    [`${BASE}/Patient/${patient.id}%0d%0aX-Injected:%201`],
    [`${BASE}/Patient/${patient.id};jsessionid=1`],
    [`${BASE}/Patient/%zz`],
    [`${BASE}/Patient/%`],
    [`${BASE}/Patient/%c0%ae%c0%ae`],
    [`${BASE}/Patient?family=%00&birthdate=1985-03-04`],
    [`${BASE}/Patient?family=%ff%fe&birthdate=1985-03-04&family=x`],
    [`${BASE}/Patient?__proto__[family]=x&constructor=y`],
    [`${BASE}/Patient/${'9'.repeat(4000)}`],
    [`${BASE}/Patient?family=${'a'.repeat(20_000)}&birthdate=1985-03-04`],
    ['/assets/../../../../../../etc/passwd'],
    ['/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fpackage.json'],
    [`http://evil.example${path}`],
    ['*'],
  ])('GET %s', async (target) => {
    const answer = await rawRequest(
      platform,
      head(`GET ${target} HTTP/1.1`, ['Host: 127.0.0.1', `Authorization: Bearer ${good.access_token}`, `X-Request-ID: ${randomUUID()}`, 'Connection: close']),
    );
    expectRefusal(answer);
    expect(answer.answers).toBe(1);
    expect(answer.text).not.toContain('Test Lane');
    expect(answer.text.toLowerCase()).not.toMatch(/^x-injected/m);
  });
});

describe('requests that are not quite HTTP', () => {
  const authorised = (...headers: string[]): string[] => ['Host: 127.0.0.1', `Authorization: Bearer ${good.access_token}`, ...headers];
  const hidden = (): string => head(`GET ${path} HTTP/1.1`, authorised(`X-Request-ID: ${smuggledId()}`));
  const patchOf = (...headers: string[]): string =>
    head(`PATCH ${path} HTTP/1.1`, authorised(`X-Request-ID: ${randomUUID()}`, 'If-Match: W/"1"', 'Content-Type: application/json-patch+json', ...headers));
  const change = '{"patches":[{"op":"replace","path":"/gender","value":"male"}]}';

  const requests: Record<string, () => string> = {
    'header splitting in the query': () => head(`GET ${path}?a=1\r\nX-Injected: 1\r\n HTTP/1.1`, authorised()),
    'a bare CR in a header': () => head(`GET ${path} HTTP/1.1`, authorised('X-A: a\rX-Request-ID: 1')),
    'a bare LF in a header': () => head(`GET ${path} HTTP/1.1`, authorised('X-A: a\nb')),
    'a folded header': () => head(`GET ${path} HTTP/1.1`, authorised('X-A: a', ' folded')),
    'NUL in a header': () => head(`GET ${path} HTTP/1.1`, authorised('X-A: a\0b')),
    'NUL in the token': () => head(`GET ${path} HTTP/1.1`, ['Host: x', `Authorization: Bearer ${good.access_token}\0`]),
    'a space before the colon': () => head(`GET ${path} HTTP/1.1`, authorised('Transfer-Encoding : chunked')) + `0\r\n\r\n${hidden()}`,
    'a header without a colon': () => head(`GET ${path} HTTP/1.1`, authorised('nonsense')),
    'no Host': () => head(`GET ${path} HTTP/1.1`, authorised().slice(1)),
    'two Hosts': () => head(`GET ${path} HTTP/1.1`, authorised('Host: evil.example')),
    'a bad token, then a good one': () => head(`GET ${path} HTTP/1.1`, ['Host: x', 'Authorization: Bearer bad', `Authorization: Bearer ${good.access_token}`, `X-Request-ID: ${smuggledId()}`]),
    'a header of 40 kB': () => head(`GET ${path} HTTP/1.1`, authorised(`X-A: ${'a'.repeat(40_000)}`)),
    'a header that fits the door and, with what it adds, not the service': () => head(`GET ${path} HTTP/1.1`, authorised(`X-Request-ID: ${randomUUID()}`, `X-A: ${'a'.repeat(32_200)}`)),
    'two thousand headers': () => head(`GET ${path} HTTP/1.1`, authorised(...Array.from({ length: 2001 }, (_, i) => `X-${i}: ${'a'.repeat(20)}`))),
    'Content-Length and chunked': () => patchOf(`Content-Length: ${change.length}`, 'Transfer-Encoding: chunked') + `0\r\n\r\n${hidden()}`,
    'two Content-Lengths': () => patchOf('Content-Length: 0', `Content-Length: ${change.length}`) + hidden(),
    'a Content-Length list': () => patchOf('Content-Length: 0, 5') + hidden(),
    'a Content-Length with a sign': () => patchOf('Content-Length: +5') + hidden(),
    'a hexadecimal Content-Length': () => patchOf('Content-Length: 0x10') + hidden(),
    'an unknown transfer coding': () => patchOf('Transfer-Encoding: xchunked') + `0\r\n\r\n${hidden()}`,
    'chunked, then identity': () => patchOf('Transfer-Encoding: chunked, identity') + `0\r\n\r\n${hidden()}`,
    'chunked twice': () => patchOf('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + `0\r\n\r\n${hidden()}`,
    'a chunk size that is no number': () => patchOf('Transfer-Encoding: chunked') + `zz\r\n${change}\r\n0\r\n\r\n`,
    'a chunk that is longer than it says': () => patchOf('Transfer-Encoding: chunked') + `5\r\n${change}\r\n0\r\n\r\n`,
    'a method that does not exist': () => head(`FETCH ${path} HTTP/1.1`, authorised()),
    'TRACE': () => head(`TRACE ${path} HTTP/1.1`, authorised()),
    'HTTP/2.0': () => head(`GET ${path} HTTP/2.0`, authorised()),
    'HTTP/0.9': () => `GET ${path}\r\n\r\n`,
    'a prior-knowledge preface': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'TLS': () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + '\0'.repeat(500),
    'an expectation that nobody meets': () => head(`GET ${path} HTTP/1.1`, authorised('Expect: a-miracle')),
  };

  it.each(Object.entries(requests))('%s', async (_name, make) => {
    const answer = await rawRequest(platform, Buffer.from(make(), 'latin1'));
    expectRefusal(answer);
    expect(answer.answers).toBe(1);
    expect(answer.text).not.toContain('Test Lane');
  });

  it('a good token, then a bad one: refused, or the first alone counts', async () => {
    const answer = await rawRequest(platform, head(`GET ${path} HTTP/1.1`, authorised('Authorization: Bearer bad', `X-Request-ID: ${randomUUID()}`)));
    expect([200, 400, 401]).toContain(answer.status);
  });

  it('CONNECT opens no tunnel', async () => {
    const { text, status } = await rawRequest(platform, head('CONNECT 127.0.0.1:5432 HTTP/1.1', authorised()));
    expect(status === 0 || status >= 400).toBe(true);
    expect(text).not.toMatch(NO_INSIDES);
  });

  it('Upgrade is not taken up', async () => {
    const { status } = await rawRequest(platform, head(`GET ${path} HTTP/1.1`, authorised('Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA', `X-Request-ID: ${randomUUID()}`)));
    expect(status).not.toBe(101);
  });

  it.each(['HTTP/1.0', 'HTTP/1.1'])('%s is understood', async (version) => {
    const { status, text } = await rawRequest(platform, head(`GET ${path} ${version}`, authorised(`X-Request-ID: ${randomUUID()}`, 'Connection: close')));
    expect(status).toBe(200);
    if (version === 'HTTP/1.0') expect(text).not.toMatch(/transfer-encoding: chunked/i);
  });

  it('a request that is never finished holds up nobody', async () => {
    const slow = rawRequest(platform, `GET ${path} HTTP/1.1\r\nHost: x\r\nX-A: `);
    expect((await clinician.call(`/Patient/${patient.id}`)).status).toBe(200);
    expect((await slow).status).toBe(0);
  });
});

describe('bodies', () => {
  const patch = (body: string | Uint8Array | ReadableStream, headers: Record<string, string> = {}) =>
    send(path, {
      method: 'PATCH',
      headers: { ...bearer(good.access_token), 'content-type': 'application/json-patch+json', 'if-match': 'W/"1"', ...headers },
      body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    } as RequestInit);
  const nested = (depth: number): string => `{"patches":[{"op":"add","path":"/name/-","value":${'['.repeat(depth)}${']'.repeat(depth)}}]}`;

  it.each<[string, () => string | Uint8Array, number[]]>([
    ['1.1 MB', () => `{"patches":"${'x'.repeat(1_100_000)}"}`, [413]],
    ['20 MB', () => Buffer.alloc(20_000_000, 'x'), [413]],
    ['nested 10,000 deep', () => nested(10_000), [400]],
    ['no JSON', () => '{"patches":', [400]],
    ['nothing', () => '', [400]],
    ['no UTF-8', () => Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), [400]],
    ['a byte order mark', () => '\ufeff{"patches":[]}', [400]],
    ['__proto__', () => '{"__proto__":{"patches":[]}}', [400]],
    ['constructor', () => '{"patches":[{"op":"add","path":"/constructor/prototype/x","value":1}]}', [400]],
    ['a duplicate member', () => '{"patches":[],"patches":[{"op":"replace","path":"/id","value":"1"}]}', [400]],
    ['101 operations', () => JSON.stringify({ patches: Array.from({ length: 101 }, () => ({ op: 'test', path: '/gender', value: 'female' })) }), [400]],
    ['a number beyond all measure', () => '{"patches":[{"op":"replace","path":"/multipleBirthInteger","value":1e999}]}', [400]],
  ])('%s', async (_name, make, statuses) => expectRefusal(await patch(make()), ...statuses));

  it('chunks without end: refused at the limit', async () => {
    let sent = 0;
    const stream = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        if (sent > 30_000_000) controller.close();
        else controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    // the answer may come while we still send: then the connection ends
    const answer = await patch(stream).catch(() => undefined);
    if (answer) expectRefusal(answer, 413);
  });

  it.each([
    ['a content coding', { 'content-encoding': 'gzip' }, [400, 415]],
    ['a plain media type', { 'content-type': 'text/plain' }, [400, 415]],
    ['XML', { 'content-type': 'application/xml' }, [400, 415]],
    ['a media type that is none', { 'content-type': '/;;=' }, [400, 415]],
    ['If-Match: *', { 'if-match': '*' }, [412]],
    ['If-Match: a list', { 'if-match': 'W/"1", W/"2"' }, [412]],
    ['If-Match: beyond what a database counts to', { 'if-match': 'W/"9999999999"' }, [409, 412]],
    ['If-Match: beyond all measure', { 'if-match': `W/"${'9'.repeat(400)}"` }, [409, 412]],
    ['If-Match: negative', { 'if-match': 'W/"-1"' }, [412]],
  ])('%s', async (_name, headers, statuses) => expectRefusal(await patch('{"patches":[{"op":"replace","path":"/birthDate","value":"nonsense"}]}', headers), ...statuses));
});

describe('answers', () => {
  it('say nothing about what they are made of', async () => {
    const { headers } = await send(path, { headers: bearer(good.access_token) });
    for (const name of ['server', 'x-powered-by', 'via', 'carespine-context', 'set-cookie']) expect(headers.get(name)).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });
});
