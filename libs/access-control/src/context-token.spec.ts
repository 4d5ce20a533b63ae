import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, importJWK } from 'jose';
import { ContextMint, ContextVerifier } from './context-token';
import type { Principal } from './principal';

const pair = generateKeyPairSync('ed25519');
const privateJwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'k', alg: 'EdDSA' };
const jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'EdDSA' }] };
const WHO: Principal = {
  mode: 'user-restricted',
  client: { id: 'c', name: 'C', productId: 'p', attributes: {} },
  organisation: { odsCode: 'RZZ01', name: 'Trust' },
  permissions: new Set(['demographics.read']),
  stepUp: new Set(['audit.reports']),
  aal: 2,
  workgroups: [],
  tokenId: 't',
  userId: '555000000101',
};

describe('context token', () => {
  it('carries the principal, and is known without a signature the second time', async () => {
    const { token } = await new ContextMint(privateJwk).mint(WHO);
    const verifier = new ContextVerifier(jwks);
    expect(verifier.known(token)).toBeUndefined();
    expect(await verifier.verify(token)).toEqual(WHO);
    expect(verifier.known(token)).toEqual(WHO);
  });

  it('is refused from another key, for another audience, expired, or unsigned', async () => {
    const other = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    const key = await importJWK(privateJwk, 'EdDSA');
    const sign = (aud: string, exp: number): Promise<string> =>
      new SignJWT({ principal: {} }).setProtectedHeader({ alg: 'EdDSA', kid: 'k' }).setIssuer('carespine-gateway').setAudience(aud).setExpirationTime(exp).sign(key);
    const now = Math.floor(Date.now() / 1000);
    const forged = [
      (await new ContextMint({ ...other, kid: 'k' }).mint(WHO)).token,
      await sign('somebody else', now + 60),
      await sign('carespine-services', now - 1),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`,
      'x',
      '',
    ];
    for (const token of forged) await expect(new ContextVerifier(jwks).verify(token)).rejects.toMatchObject({ code: 'ACCESS_DENIED', status: 401 });
  });
});
