import { decodeProtectedHeader } from 'jose';
import { SESSION_LIMITS } from '@carespine/access-control';
import { IdentityRefused } from '../staff/identity-refused';
import type { ProviderKeys } from '../staff/provider-keys';
import { verifySignedToken } from '../staff/signed-token';

/** Whose session at the identity provider is over. */
export type LoggedOut = { issuedAt: Date; jti: string } & ({ sid: string; userId?: string } | { sid?: undefined; userId: string });

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPES = new Set(['logout+jwt', 'jwt']);

/**
 * Verifies a logout token, but for what only the session tells: whether it is older than it, and whether it is a repeat.
 *
 * @throws IdentityRefused `logout_token.<claim>`, also `.alg`, `.kid`, `.signature`, `.shape`, `.typ`; `keys.<what>`
 * @see OpenID Connect Back-Channel Logout 1.0, section 2.6; identity and access specification, "Back-channel logout"
 */
export async function verifyLogoutToken(
  token: string,
  expected: { issuer: string; keys: ProviderKeys; clientId: string; nowMs: number },
): Promise<LoggedOut> {
  const now = Math.floor(expected.nowMs / 1000);
  const skew = SESSION_LIMITS.clockSkewSeconds;
  const claims = await verifySignedToken(token, 'logout_token', () => expected.keys);
  const { typ = 'jwt' } = decodeProtectedHeader(token);
  demand(typeof typ === 'string' && TYPES.has(typ.toLowerCase()), 'typ');
  const { iss, aud, iat, exp, events, nonce, sid, sub, jti } = claims;
  demand(iss === expected.issuer, 'iss');
  demand(aud === expected.clientId || (Array.isArray(aud) && aud.includes(expected.clientId)), 'aud');
  demand(isSeconds(iat) && iat <= now + skew && now - iat <= SESSION_LIMITS.logoutTokenMaxAgeSeconds, 'iat');
  demand(exp === undefined || (isSeconds(exp) && exp > now - skew), 'exp');
  demand(isObject(events) && isObject(events[EVENT]), 'events');
  demand(nonce === undefined, 'nonce');
  demand(sid === undefined || isName(sid), 'sid');
  demand(sub === undefined || isName(sub), 'sub');
  demand(isName(jti), 'jti');
  const told = { issuedAt: new Date(iat * 1000), jti };
  if (sid !== undefined) return { ...told, sid, userId: sub };
  demand(sub !== undefined, 'sid');
  return { ...told, userId: sub };
}

function demand(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new IdentityRefused('logout_token', claim);
}

const isSeconds = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isName = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
