import { generateKeyPairSync } from 'node:crypto';
import { GatewayConfig } from '../config';
import { Clock } from '../sessions/clock';
import { IdentityProvider } from './identity-provider';

const GOOD = { CIS2_ISSUER: 'https://cis2.example', CIS2_CLIENT_ID: '000000000001.apps.national' };
const aProvider = (settings: Partial<GatewayConfig>): IdentityProvider =>
  new IdentityProvider(Object.assign(new GatewayConfig(), GOOD, settings), new Clock());

describe('the identity provider’s settings', () => {
  it.each([
    'https://am.nhsint.auth-ptl.cis2.spineservices.nhs.uk:443/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare',
    'http://127.0.0.1:8082/openam',
    'http://localhost:8082/openam',
    'http://[::1]:8082/openam',
  ])('take the issuer %s to the letter', (issuer) => expect(aProvider({ CIS2_ISSUER: issuer }).issuer).toBe(issuer));

  it.each([
    'http://cis2.example/openam',
    'http://127.0.0.1.evil.example/',
    'http://localhost@evil.example/',
    'ftp://127.0.0.1/openam',
    'cis2',
  ])('refuse the issuer %s: plain http is for this machine alone', (issuer) =>
    expect(() => aProvider({ CIS2_ISSUER: issuer })).toThrow('CIS2_ISSUER'),
  );

  it.each([
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }],
    ['a public key', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })],
    ['an elliptic key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })],
    ['half a key', { kty: 'RSA', n: 'AQAB', e: 'AQAB', d: 'AQAB' }],
  ])('refuse %s for signing in as the client', async (_what, jwk) => {
    await expect(aProvider({ CIS2_CLIENT_PRIVATE_JWK: JSON.stringify(jwk) }).onModuleInit()).rejects.toThrow('CIS2_CLIENT_PRIVATE_JWK');
  });
});
