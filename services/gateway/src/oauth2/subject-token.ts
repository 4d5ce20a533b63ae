import { Injectable } from '@nestjs/common';
import type { Application } from '../applications/application';
import { Clock } from '../sessions/clock';
import { Revocations } from '../sessions/revocations';
import { IdentityProvider } from '../sign-in/identity-provider';
import { verifyIdToken, type VerifiedIdToken } from '../staff/id-token';
import { IdentityRefused } from '../staff/identity-refused';
import { readJwt } from './jwt';
import { invalidRequest, OAuthFault } from './oauth-fault';

/** With less, nobody is recognised; what a level is good for is decided at each API. */
const MIN_AAL = 1;

/** Verifies the ID tokens that suppliers had from CIS2 and exchange. */
@Injectable()
export class SubjectTokens {
  constructor(
    private readonly provider: IdentityProvider,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws OAuthFault
   * @see identity and access specification, "User-restricted, separate: token exchange"
   */
  async verify(token: string, application: Application): Promise<VerifiedIdToken> {
    checkShape(token, this.clock.nowMs() / 1000);
    const verified = await verifyIdToken(token, {
      issuers: [{ issuer: this.provider.issuer, keys: this.provider.keys }],
      // its own clients alone: else a supplier could act as a user who signed in to another one
      audiences: application.cis2ClientIds,
      nowMs: this.clock.nowMs(),
      minAal: MIN_AAL,
    }).catch((error: unknown) => {
      throw error instanceof IdentityRefused ? refusalOf(error) : error;
    });
    if (verified.sid !== undefined && (await this.revocations.isRevoked(verified.sid, verified.authTime))) {
      throw new OAuthFault(401, 'invalid_grant', "Invalid 'sid' claim in subject_token JWT - the session has ended");
    }
    return verified;
  }
}

/** What the national service says first, and says in these words; nothing is proven by it. */
function checkShape(token: string, nowSeconds: number): void {
  const jwt = readJwt(token);
  if (!jwt) throw invalidRequest('Malformed JWT in subject_token');
  const { alg, kid, typ } = jwt.header;
  const { exp, iss, aud } = jwt.claims;
  if (alg === undefined) throw invalidRequest("Missing 'alg' header in subject_token JWT");
  if (alg !== 'RS256') throw invalidRequest("Invalid 'alg' header in subject_token JWT - must be 'RS256'");
  if (kid === undefined || kid === '') throw invalidRequest("Missing 'kid' header in subject_token JWT");
  if (typeof typ !== 'string' || typ.toLowerCase() !== 'jwt') {
    throw invalidRequest("Invalid 'typ' header in subject_token JWT - must be 'JWT'");
  }
  if (exp === undefined) throw invalidRequest("Missing 'exp' claim in subject_token JWT");
  if (!Number.isInteger(exp)) throw invalidRequest("Invalid 'exp' claim in subject_token JWT - must be an integer");
  if ((exp as number) <= nowSeconds) throw invalidRequest("Invalid 'exp' claim in subject_token JWT - JWT has expired");
  if (iss === undefined || iss === '') throw invalidRequest("Missing 'iss' claim in subject_token JWT");
  if (aud === undefined || aud === '') throw invalidRequest("Missing 'aud' claim in subject_token JWT", 401);
}

function refusalOf({ part, element, kind }: IdentityRefused): OAuthFault {
  if (part !== 'id_token') {
    if (element === 'kid') return invalidRequest("Invalid 'kid' header in subject_token JWT - no matching public key", 401);
    return new OAuthFault(503, 'temporarily_unavailable', 'The issuer of the subject_token can not be reached');
  }
  if (kind === 'too-low') return new OAuthFault(401, 'unauthorized_client', `The '${element}' claim in subject_token JWT is too low`);
  switch (element) {
    case 'shape':
      return invalidRequest('Malformed JWT in subject_token');
    case 'signature':
      return new OAuthFault(401, 'public_key error', 'JWT signature verification failed - subject_token', true);
    case 'alg':
    case 'kid':
    case 'typ':
      return invalidRequest(`Invalid '${element}' header in subject_token JWT`);
    case 'aud':
    case 'azp':
      return invalidRequest(`Invalid '${element}' claim in subject_token JWT - must be a CIS2 client of the application`, 401);
    case 'selected_roleid':
      return invalidRequest("Invalid 'selected_roleid' claim in subject_token JWT", 401);
    default:
      return invalidRequest(`Missing or invalid '${element}' claim in subject_token JWT`);
  }
}
