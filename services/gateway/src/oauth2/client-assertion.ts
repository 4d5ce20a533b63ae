import { Injectable } from '@nestjs/common';
import { compactVerify } from 'jose';
import { SESSION_LIMITS } from '@carespine/access-control';
import { Database } from '@carespine/service-kit';
import type { Application } from '../applications/application';
import { ApplicationKeys, KeysUnreachable } from '../applications/application-keys';
import { ApplicationRegistry } from '../applications/application-registry';
import { GatewayConfig } from '../config';
import { Clock } from '../sessions/clock';
import { readJwt, type UnprovenJwt } from './jwt';
import { invalidRequest, OAuthFault } from './oauth-fault';
import type { TokenForm } from './token-form';
import type { TokenRequest } from './token-request';

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const ALGORITHM = 'RS512';

/** What an assertion says, after everything but its signature has been looked at. */
interface Assertion {
  kid: string;
  jti: string;
  application: Application;
}

/** Authenticates an application by the token that it signs with its own key. */
@Injectable()
export class ClientAssertions {
  private readonly audience: string;

  constructor(
    private readonly applications: ApplicationRegistry,
    private readonly keys: ApplicationKeys,
    private readonly database: Database,
    private readonly clock: Clock,
    config: GatewayConfig,
  ) {
    this.audience = `${config.PUBLIC_URL}/oauth2/token`;
  }

  /**
   * An assertion is good once: afterwards its `jti` is used up, whatever becomes of the request.
   *
   * @throws OAuthFault
   * @see identity and access specification, "Application-restricted: signed JWT": checked in the order of its table
   */
  async authenticate(form: TokenForm, request: TokenRequest): Promise<Application> {
    if (form.get('client_assertion_type') !== JWT_BEARER) {
      throw invalidRequest(`Missing or invalid client_assertion_type - must be '${JWT_BEARER}'`);
    }
    const token = form.get('client_assertion');
    if (token === undefined) throw invalidRequest('Missing client_assertion');
    const jwt = readJwt(token);
    if (!jwt) throw invalidRequest('Malformed JWT in client_assertion');
    const kid = kidOf(jwt.header);
    const application = this.applicationOf(jwt.claims, form.get('client_id'));
    request.application = application;
    if (jwt.claims['aud'] !== this.audience) throw invalidRequest("Missing or invalid 'aud' claim in client_assertion JWT", 401);
    const jti = jtiOf(jwt.claims);
    checkTimes(jwt.claims, this.clock.nowMs() / 1000);
    await this.verify(token, { kid, jti, application });
    await this.useUp({ kid, jti, application });
    return application;
  }

  private applicationOf({ iss, sub }: UnprovenJwt['claims'], clientId: string | undefined): Application {
    if (typeof iss !== 'string' || iss === '' || iss !== sub) {
      throw invalidRequest("Missing or non-matching 'iss'/'sub' claims in client_assertion JWT");
    }
    if (clientId !== undefined && clientId !== iss) throw invalidRequest('client_id is not the client of the client_assertion');
    const application = this.applications.find(iss);
    if (!application) throw invalidRequest("Invalid 'iss'/'sub' claims in client_assertion JWT", 401);
    if (application.revoked) {
      const description = "Invalid 'iss'/'sub' claims in client_assertion JWT - the application is not approved or revoked";
      throw new OAuthFault(401, 'access_denied', description);
    }
    return application;
  }

  private async verify(token: string, { kid, application }: Assertion): Promise<void> {
    const { jwks, jwksUri } = application;
    if (!jwks && !jwksUri) {
      const description = 'You need to register a public key to use this authentication method (client_assertion)';
      throw new OAuthFault(403, 'public_key error', `${description} - please contact support to configure`);
    }
    const key = await this.keys.find(application, kid).catch((error: unknown) => {
      if (!(error instanceof KeysUnreachable)) throw error;
      throw new OAuthFault(403, 'public_key error', 'The JWKS endpoint for your client_assertion can not be reached');
    });
    if (!key) throw invalidRequest("Invalid 'kid' header in client_assertion JWT - no matching public key", 401);
    await compactVerify(token, key, { algorithms: [ALGORITHM] }).catch(() => {
      throw new OAuthFault(401, 'public_key error', 'JWT signature verification failed - client_assertion', true);
    });
  }

  /** Of several at once, exactly one is first. */
  private async useUp({ jti, application }: Assertion): Promise<void> {
    const { rowCount } = await this.database.query({
      name: 'client-assertion-use',
      text: 'INSERT INTO client_assertions (client_id, jti, seen_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      values: [application.clientId, jti, new Date(this.clock.nowMs())],
    });
    if (rowCount !== 1) throw new OAuthFault(400, 'invalid_request', "Non-unique 'jti' claim in client_assertion JWT", true);
  }
}

function kidOf({ alg, typ, kid, crit }: UnprovenJwt['header']): string {
  if (alg === undefined) throw invalidRequest("Missing 'alg' header in client_assertion JWT");
  if (alg !== ALGORITHM) {
    throw invalidRequest(`Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be '${ALGORITHM}'`);
  }
  if (typeof typ !== 'string' || typ.toLowerCase() !== 'jwt') {
    throw invalidRequest("Invalid 'typ' header in client_assertion JWT - must be 'JWT'");
  }
  if (crit !== undefined) throw invalidRequest("Invalid 'crit' header in client_assertion JWT - no extension is supported");
  if (kid === undefined || kid === '') throw invalidRequest("Missing 'kid' header in client_assertion JWT");
  if (typeof kid !== 'string') throw invalidRequest("Invalid 'kid' header in client_assertion JWT - must be a string");
  return kid;
}

function jtiOf({ jti }: UnprovenJwt['claims']): string {
  if (jti === undefined || jti === '') throw invalidRequest("Missing 'jti' claim in client_assertion JWT");
  if (typeof jti !== 'string' || !/^[\x20-\x7e]{1,256}$/.test(jti)) {
    throw invalidRequest("Invalid 'jti' claim in client_assertion JWT - must be a unique string value such as a GUID");
  }
  return jti;
}

function checkTimes({ exp, nbf }: UnprovenJwt['claims'], nowSeconds: number): void {
  const { clientAssertionMaxSeconds, clientAssertionSkewSeconds } = SESSION_LIMITS;
  if (exp === undefined) throw invalidRequest("Missing 'exp' claim in client_assertion JWT");
  if (!Number.isInteger(exp)) throw invalidRequest("Invalid 'exp' claim in client_assertion JWT - must be an integer");
  if ((exp as number) <= nowSeconds) throw invalidRequest("Invalid 'exp' claim in client_assertion JWT - JWT has expired");
  if ((exp as number) > nowSeconds + clientAssertionMaxSeconds + clientAssertionSkewSeconds) {
    throw invalidRequest("Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future");
  }
  if (nbf === undefined) return;
  if (typeof nbf !== 'number') throw invalidRequest("Invalid 'nbf' claim in client_assertion JWT - must be a number");
  if (nbf > nowSeconds + clientAssertionSkewSeconds) {
    throw invalidRequest("Invalid 'nbf' claim in client_assertion JWT - JWT is not valid yet");
  }
}
