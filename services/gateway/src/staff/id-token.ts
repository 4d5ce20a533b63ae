import { createHash } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { IdentityRefused } from './identity-refused';
import type { ProviderKeys } from './provider-keys';
import { verifySignedToken, type Claims } from './signed-token';

/** What an ID token must prove. The members that a sign-in alone knows are left out for a token that somebody else obtained. */
export interface IdTokenExpectations {
  /** Issuers that are believed, compared to the letter, each with its keys. */
  issuers: readonly { issuer: string; keys: ProviderKeys }[];
  /** Client ids; the token is made for exactly one of them. */
  audiences: readonly string[];
  nowMs: number;
  /** Lowest `authentication_assurance_level`. */
  minAal: number;
  nonce?: string;
  /** The access token that came with it, which `at_hash` proves. */
  accessToken?: string;
  /** Oldest authentication, in seconds. */
  maxAuthAgeSeconds?: number;
  /** The user must have authenticated after this instant. */
  authenticatedAfterMs?: number;
  /** `acr_values` of the request; the answer may be stronger and not weaker. */
  acrValues?: string;
}

/** What a verified ID token says. */
export interface VerifiedIdToken {
  issuer: string;
  /** Client id that it was made for. */
  audience: string;
  /** 12 digits. */
  userId: string;
  /** The provider's session. */
  sid?: string;
  authTime: Date;
  /** 3: anything less is refused. */
  idAssurance: number;
  /** 1 to 3 */
  aal: number;
  /** `selected_roleid`, 12 digits. */
  selectedRoleId?: string;
}

/** @see identity and access specification, "Sign-in checks at the callback" */
const SKEW_SECONDS = 5;
/** @see identity and access specification, "Assurance": national products require identity assurance 3 */
const MIN_ID_ASSURANCE = 3;

/**
 * Verifies an ID token, check by check in the order of the specification, so that the first fault is the one that is named.
 *
 * @throws IdentityRefused `id_token.<claim>`, also `id_token.alg`, `.kid`, `.signature`, `.shape`, `.typ`; `keys.<what>`
 * @see identity and access specification, "Sign-in checks at the callback, in order"
 */
export async function verifyIdToken(token: string, expected: IdTokenExpectations): Promise<VerifiedIdToken> {
  const now = Math.floor(expected.nowMs / 1000);
  const [fallback] = expected.issuers;
  const claims = await verifySignedToken(token, 'id_token', ({ iss }) => {
    const signer = expected.issuers.find(({ issuer }) => issuer === iss) ?? fallback;
    if (!signer) throw refuse('iss');
    return signer.keys;
  });
  const { typ } = decodeProtectedHeader(token);
  demand(typ === undefined || (typeof typ === 'string' && typ.toLowerCase() === 'jwt'), 'typ');

  const issuer = expected.issuers.find((one) => one.issuer === claims['iss'])?.issuer ?? demanded('iss');
  const audience = audienceOf(claims, expected.audiences);
  const exp = secondsIn(claims, 'exp');
  demand(exp > now - SKEW_SECONDS, 'exp');
  demand(secondsIn(claims, 'iat') <= now + SKEW_SECONDS, 'iat');
  if (claims['nbf'] !== undefined) demand(secondsIn(claims, 'nbf') <= now + SKEW_SECONDS, 'nbf');
  if (expected.nonce !== undefined) demand(claims['nonce'] === expected.nonce, 'nonce');
  if (expected.accessToken !== undefined) demand(claims['at_hash'] === halfHash(expected.accessToken), 'at_hash');
  const authTime = secondsIn(claims, 'auth_time');
  demand(authTime <= now + SKEW_SECONDS, 'auth_time');
  if (expected.maxAuthAgeSeconds !== undefined) demand(now - authTime <= expected.maxAuthAgeSeconds, 'auth_time');
  if (expected.authenticatedAfterMs !== undefined) {
    demand(authTime >= Math.floor(expected.authenticatedAfterMs / 1000) - SKEW_SECONDS, 'auth_time');
  }
  const idAssurance = levelIn(claims, 'id_assurance_level');
  if (idAssurance < MIN_ID_ASSURANCE) throw tooLow('id_assurance_level');
  const aal = levelIn(claims, 'authentication_assurance_level');
  if (aal < expected.minAal) throw tooLow('authentication_assurance_level');
  const acr = levelOfAcr(claims['acr']);
  if (expected.acrValues !== undefined && acr < lowestOf(expected.acrValues)) throw tooLow('acr');

  return {
    issuer,
    audience,
    userId: matching(claims, 'sub', /^\d{12}$/),
    ...(claims['sid'] !== undefined && { sid: matching(claims, 'sid', /^[\x21-\x7e]{1,255}$/) }),
    authTime: new Date(authTime * 1000),
    idAssurance,
    aal,
    ...(claims['selected_roleid'] !== undefined && { selectedRoleId: matching(claims, 'selected_roleid', /^\d{12}$/) }),
  };
}

/** @returns 1 to 3; levels arrive as numbers or as strings */
export function levelOf(value: unknown): number | undefined {
  if (value === 1 || value === 2 || value === 3) return value;
  return value === '1' || value === '2' || value === '3' ? Number(value) : undefined;
}

const refuse = (element: string): IdentityRefused => new IdentityRefused('id_token', element);
const tooLow = (element: string): IdentityRefused => new IdentityRefused('id_token', element, 'too-low');

function demanded(element: string): never {
  throw refuse(element);
}

function demand(holds: boolean, element: string): void {
  if (!holds) demanded(element);
}

/** One audience that is ours; a token for others besides could be replayed by them. */
function audienceOf(claims: Claims, clientIds: readonly string[]): string {
  const given: unknown[] = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']];
  const audience = given.length === 1 ? clientIds.find((clientId) => clientId === given[0]) : undefined;
  if (audience === undefined) throw refuse('aud');
  demand(claims['azp'] === undefined || claims['azp'] === audience, 'azp');
  return audience;
}

function secondsIn(claims: Claims, claim: string): number {
  const value = claims[claim];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : demanded(claim);
}

function levelIn(claims: Claims, claim: string): number {
  return levelOf(claims[claim]) ?? demanded(claim);
}

function matching(claims: Claims, claim: string, pattern: RegExp): string {
  const value = claims[claim];
  return typeof value === 'string' && pattern.test(value) ? value : demanded(claim);
}

/** @see OpenID Connect Core 1.0, section 3.1.3.6; the hash of RS256 is SHA-256 */
function halfHash(accessToken: string): string {
  return createHash('sha256').update(accessToken, 'ascii').digest().subarray(0, 16).toString('base64url');
}

/** The level that an authenticator's name promises: `AAL3_FIDO2`, or a group such as `AAL2_OR_AAL3_ANY`, at its weakest. */
function levelOfAcr(acr: unknown): number {
  const level = typeof acr === 'string' ? /^AAL([123])_[A-Z0-9_]{1,60}$/.exec(acr)?.[1] : undefined;
  return level === undefined ? demanded('acr') : Number(level);
}

function lowestOf(acrValues: string): number {
  return Math.min(...acrValues.split(' ').map(levelOfAcr));
}
