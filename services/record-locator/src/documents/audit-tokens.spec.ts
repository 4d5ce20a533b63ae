import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, UnsecuredJWT, type JSONWebKeySet } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { AuditTokens } from './audit-tokens';

const STAFF = { userId: '555000000101', organisation: 'RZZ01' };
const SYSTEM = { userId: undefined, organisation: 'RZZ01' };
const AUDIENCE = 'https://nrl-rqx01.supplier.thirdparty.nhs.uk';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA' }] } as JSONWebKeySet;
const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA' });
const open = (key = jwk): Promise<AuditTokens> => AuditTokens.open('https://records.example', '200000000001', key);

describe('record locator specification, "Spine Secure Proxy": the audit token', () => {
  it('says who asks, for which organisation, through which system and why, to one provider, and is signed', async () => {
    const token = await (await open()).audit(STAFF, AUDIENCE, 'signed');
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), { issuer: 'https://records.example', audience: AUDIENCE });
    expect(payload).toMatchObject({
      sub: '555000000101',
      requesting_user: '555000000101',
      requesting_system: '200000000001',
      requesting_organization: 'RZZ01',
      reason_for_request: 'directcare',
    });
    expect(payload.exp! - payload.iat!).toBe(300);
  });

  it('names no user where none is there', async () => {
    const claims = decodeJwt(await (await open()).audit(SYSTEM, AUDIENCE, 'signed'));
    expect(claims).toMatchObject({ requesting_system: '200000000001', requesting_organization: 'RZZ01' });
    expect(claims).not.toHaveProperty('sub');
    expect(claims).not.toHaveProperty('requesting_user');
  });

  it('is unsigned for a provider that takes the national form', async () => {
    const token = await (await open()).audit(STAFF, AUDIENCE, 'unsigned');
    expect(token.endsWith('.')).toBe(true);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'none' });
    expect(UnsecuredJWT.decode(token, { issuer: 'https://records.example', audience: AUDIENCE }).payload).toMatchObject({ requesting_organization: 'RZZ01' });
  });

  it('opens a viewer at one patient, for a minute and once', async () => {
    const tokens = await open();
    const launch = () => tokens.launch(STAFF, AUDIENCE, '9000000009', '11111111-2222-4333-8444-555555555555');
    const [one, two] = await Promise.all([launch(), launch()]);
    const { payload } = await jwtVerify(one.token, createLocalJWKSet(jwks), { audience: AUDIENCE });
    expect(payload).toMatchObject({ nhs_number: '9000000009', requesting_user: '555000000101', trace_id: '11111111-2222-4333-8444-555555555555', jti: one.jti });
    expect(payload.exp! - payload.iat!).toBe(60);
    expect(decodeJwt(two.token).jti).not.toBe(payload.jti);
  });

  it('takes a private key alone', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    await expect(open(JSON.stringify({ ...rsa, alg: 'RS512' }))).resolves.toBeDefined();
    for (const key of ['{}', JSON.stringify(jwks.keys[0]), JSON.stringify({ ...rsa, alg: 'none' }), JSON.stringify(rsa), JSON.stringify({ kty: 'oct', k: 'c2VjcmV0', d: 'x', alg: 'HS256' })]) {
      await expect(open(key)).rejects.toThrow('AUDIT_TOKEN_JWK');
    }
  });
});
