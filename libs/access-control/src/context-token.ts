import { importJWK, jwtVerify, SignJWT, createLocalJWKSet, type CryptoKey, type JSONWebKeySet, type JWK, type JWTPayload } from 'jose';
import { Fault } from '@carespine/fhir';
import type { Permission } from './policy';
import type { Principal } from './principal';

/** Header in which the gateway hands a principal to a service. */
export const CONTEXT_HEADER = 'carespine-context';

const ISSUER = 'carespine-gateway';
const AUDIENCE = 'carespine-services';
/** How long a service believes a context: short, since the gateway alone knows of revocations. */
const LIFETIME_SECONDS = 60;

type Claims = JWTPayload & { principal: Omit<Principal, 'permissions' | 'stepUp'> & { permissions: Permission[]; stepUp: Permission[] } };

/** Signs principals (EdDSA, Ed25519). The gateway has the only private key. */
export class ContextMint {
  private key?: CryptoKey | Uint8Array;

  constructor(private readonly privateJwk: JWK) {}

  async mint(principal: Principal): Promise<{ token: string; expiresAtMs: number }> {
    this.key ??= await importJWK(this.privateJwk, 'EdDSA');
    const expiresAt = Math.floor(Date.now() / 1000) + LIFETIME_SECONDS;
    const claims = { ...principal, permissions: [...principal.permissions], stepUp: [...principal.stepUp] };
    const token = await new SignJWT({ principal: claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: this.privateJwk.kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .sign(this.key);
    return { token, expiresAtMs: expiresAt * 1000 };
  }
}

/** Verifies context tokens; remembers verified ones, so that a warm request costs no signature work. */
export class ContextVerifier {
  private readonly keys: ReturnType<typeof createLocalJWKSet>;
  private readonly verified = new Map<string, { principal: Principal; expiresAtMs: number }>();

  constructor(jwks: JSONWebKeySet) {
    this.keys = createLocalJWKSet(jwks);
  }

  /** The principal of a token that was verified before and has not expired. */
  known(token: string): Principal | undefined {
    const found = this.verified.get(token);
    if (!found) return undefined;
    if (found.expiresAtMs > Date.now()) return found.principal;
    this.verified.delete(token);
    return undefined;
  }

  /** @throws Fault ACCESS_DENIED, 401 */
  async verify(token: string): Promise<Principal> {
    try {
      const { payload } = await jwtVerify<Claims>(token, this.keys, { issuer: ISSUER, audience: AUDIENCE, algorithms: ['EdDSA'] });
      const principal: Principal = {
        ...payload.principal,
        permissions: new Set(payload.principal.permissions),
        stepUp: new Set(payload.principal.stepUp),
      };
      if (this.verified.size >= 10_000) this.forgetExpired();
      this.verified.set(token, { principal, expiresAtMs: (payload.exp ?? 0) * 1000 });
      return principal;
    } catch {
      throw new Fault('ACCESS_DENIED', { status: 401, display: 'Access Denied - Unauthorised', diagnostics: 'Invalid context' });
    }
  }

  private forgetExpired(): void {
    const now = Date.now();
    for (const [token, { expiresAtMs }] of this.verified) if (expiresAtMs <= now) this.verified.delete(token);
    if (this.verified.size >= 10_000) this.verified.clear();
  }
}
