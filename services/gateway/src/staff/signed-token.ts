import { compactVerify, decodeProtectedHeader, type ProtectedHeaderParameters } from 'jose';
import { IdentityRefused, type Part } from './identity-refused';
import type { ProviderKeys } from './provider-keys';

export type Claims = Record<string, unknown>;

const LONGEST_TOKEN = 16_384;

/**
 * The claims of a token that an identity provider signed. Says nothing yet about whom it is for, or for how long.
 *
 * @param keysOf the signer's keys; may look at the claims, which are unproven by then
 * @throws IdentityRefused
 * @see identity and access specification, "CIS2 as OpenID provider": every algorithm but RS256 is refused before a key is looked for
 */
export async function verifySignedToken(token: string, part: Part, keysOf: (unproven: Claims) => ProviderKeys): Promise<Claims> {
  const refuse = (element: string, cause?: unknown): IdentityRefused => new IdentityRefused(part, element, 'wrong', { cause });
  let header: ProtectedHeaderParameters;
  let claims: Claims;
  try {
    if (token.length > LONGEST_TOKEN || token.split('.').length !== 3) throw new Error('not a signed token');
    header = decodeProtectedHeader(token);
    claims = claimsIn(Buffer.from(token.split('.')[1] ?? '', 'base64url'));
  } catch (error) {
    throw refuse('shape', error);
  }
  if (header.alg !== 'RS256') throw refuse('alg');
  if (typeof header.kid !== 'string' || header.kid === '') throw refuse('kid');
  const key = await keysOf(claims).find(header);
  try {
    const { payload } = await compactVerify(token, key, { algorithms: ['RS256'] });
    return claimsIn(payload);
  } catch (error) {
    throw refuse('signature', error);
  }
}

function claimsIn(payload: Uint8Array): Claims {
  const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new Error('no claims');
  return claims as Claims;
}
