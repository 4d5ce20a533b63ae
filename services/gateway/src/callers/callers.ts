import { Injectable } from '@nestjs/common';
import { ContextMint, type Client, type Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import type { JWK } from 'jose';
import type { IncomingHttpHeaders } from 'node:http';
import { RateLimits } from '../applications/rate-limit';
import { GatewayConfig } from '../config';
import { AccessTokens, type AccessGrant } from '../oauth2/access-tokens';
import { positionOf } from '../oauth2/acting-role';
import type { Route } from '../proxy/routes';
import { Sessions, type Session } from '../sessions/sessions';
import { principalOfApplication, principalOfSession, principalOfStaff } from './principal';

interface Minted {
  token: string;
  /** Before it expires for the service. */
  renewAtMs: number;
}

/** A context is renewed this long before it expires. */
const MARGIN_MS = 10_000;

/** Knows who calls, and gives the services their signed word for it. */
@Injectable()
export class Callers {
  private readonly mint: ContextMint;
  /** Contexts live as long as what they were made of is remembered; a warm request costs no signature. */
  private readonly minted = new WeakMap<AccessGrant | Session, Map<string, Minted>>();

  constructor(
    private readonly tokens: AccessTokens,
    private readonly sessions: Sessions,
    private readonly limits: RateLimits,
    config: GatewayConfig,
  ) {
    this.mint = new ContextMint(JSON.parse(config.CONTEXT_PRIVATE_JWK) as JWK);
  }

  /**
   * The context of a request to an API.
   *
   * @throws Fault 401 without a usable role, 403 without the product, 429
   */
  async ofApi(grant: AccessGrant, headers: IncomingHttpHeaders, { product, unsubscribed = 'ACCESS_DENIED', rateLimit: usual }: Route): Promise<string> {
    const { clientId, name, rateLimit = usual } = grant.application;
    this.limits.take({ clientId, name, rateLimit }, product);
    if (product && !grant.application.products.includes(product)) {
      throw new Fault(unsubscribed, { status: 403, issueCode: 'forbidden', diagnostics: `The application is not subscribed to ${product}` });
    }
    const named = grant.mode === 'user-restricted' ? headers['nhsd-session-urid'] : undefined;
    const urid = typeof named === 'string' ? named : undefined;
    // an absent header and a blank one are not the same to every API
    const key = urid === undefined ? 'none' : `${product ?? ''} ${urid}`;
    return this.contextOf(grant, key, () => principalOfGrant(grant, urid, product));
  }

  /** The context of a page request: by its session; undefined for somebody who has none. */
  async ofPage(cookie: string | undefined): Promise<string | undefined> {
    const session = cookie === undefined ? undefined : await this.sessions.find(cookie);
    if (!session) return undefined;
    return this.contextOf(session, session.positionId ?? '', () => principalOfSession(session));
  }

  /**
   * What the bearer token of a request to an API stands for: nothing else proves a caller there.
   *
   * @throws Fault 401
   */
  async grantOf(authorization: string | undefined): Promise<AccessGrant> {
    if (authorization === undefined) throw unauthorised('Missing Authorization header');
    if (authorization.trim() === '') throw unauthorised('Empty Authorization header');
    const token = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
    if (!token) throw unauthorised('Missing access token');
    const grant = await this.tokens.find(token);
    if (!grant) throw unauthorised('Invalid Access Token');
    return grant;
  }

  private async contextOf(of: AccessGrant | Session, position: string, principal: () => Principal): Promise<string> {
    let contexts = this.minted.get(of);
    if (!contexts) this.minted.set(of, (contexts = new Map<string, Minted>()));
    const known = contexts.get(position);
    if (known && known.renewAtMs > Date.now()) return known.token;
    const { token, expiresAtMs } = await this.mint.mint(principal());
    contexts.set(position, { token, renewAtMs: expiresAtMs - MARGIN_MS });
    return token;
  }
}

function principalOfGrant(grant: AccessGrant, urid: string | undefined, product: string | undefined): Principal {
  const { application, mode, tokenId } = grant;
  const client: Client = { id: application.clientId, name: application.name, productId: application.productId, attributes: application.attributes };
  if (mode !== 'user-restricted') return principalOfApplication(client, mode, { odsCode: application.odsCode, name: application.name }, tokenId);
  const position = positionOf(grant, urid, product);
  if (!grant.staff) throw unauthorised('The user has no role');
  return principalOfStaff({ staff: grant.staff, position, aal: grant.aal, client, tokenId });
}

const unauthorised = (diagnostics: string): Fault =>
  new Fault('ACCESS_DENIED', { status: 401, display: 'Access Denied - Unauthorised', diagnostics, headers: { 'www-authenticate': 'Bearer' } });
