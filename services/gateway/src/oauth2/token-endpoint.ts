import { Injectable } from '@nestjs/common';
import type { Application } from '../applications/application';
import { AccessTokens, LONGEST_LIFETIME_MS, type IssuedToken } from './access-tokens';
import { ClientAssertions } from './client-assertion';
import { invalidRequest, OAuthFault } from './oauth-fault';
import { RoleDirectory } from './role-directory';
import { SubjectTokens } from './subject-token';
import { SupplierSessions, type IssuedWithRefresh } from './supplier-sessions';
import type { TokenForm } from './token-form';
import type { TokenRequest } from './token-request';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** The answer; every value is a string, as the national service writes them. */
export type TokenResponse = Record<string, string>;

/**
 * Hands out tokens.
 *
 * @see identity and access specification, "OAuth for suppliers"
 */
@Injectable()
export class TokenEndpoint {
  constructor(
    private readonly clients: ClientAssertions,
    private readonly subjects: SubjectTokens,
    private readonly directory: RoleDirectory,
    private readonly tokens: AccessTokens,
    private readonly sessions: SupplierSessions,
  ) {}

  /**
   * @param request what becomes known on the way
   * @throws OAuthFault
   */
  async answer(form: TokenForm, request: TokenRequest): Promise<TokenResponse> {
    const grantType = form.get('grant_type');
    const isExchange = form.has('subject_token') || form.has('subject_token_type');
    if (grantType === undefined) throw invalidRequest('grant_type is missing');
    switch (grantType) {
      case 'client_credentials':
        if (isExchange) break;
        request.name = 'Issue token: client credentials';
        return this.toApplication(form, request);
      case 'refresh_token':
        if (isExchange) break;
        request.name = 'Issue token: refresh';
        return this.refreshed(form, request);
      case TOKEN_EXCHANGE:
        request.name = 'Issue token: token exchange';
        return this.exchanged(form, request);
    }
    throw new OAuthFault(400, isExchange ? 'invalid_request' : 'unsupported_grant_type', 'grant_type is invalid');
  }

  private async toApplication(form: TokenForm, request: TokenRequest): Promise<TokenResponse> {
    const lifetimeMs = lifetimeOf(form);
    const application = await this.clients.authenticate(form, request);
    const mode = application.accessModes.find((one) => one !== 'user-restricted');
    if (!mode) throw notConfigured();
    request.mode = mode;
    const issued = await this.tokens.issue(application, mode, lifetimeMs);
    request.tokenId = issued.tokenId;
    return describe(issued);
  }

  private async exchanged(form: TokenForm, request: TokenRequest): Promise<TokenResponse> {
    const lifetimeMs = lifetimeOf(form);
    if (form.get('subject_token_type') !== ID_TOKEN) throw invalidRequest(`Missing or invalid subject_token_type - must be '${ID_TOKEN}'`);
    const subjectToken = form.get('subject_token');
    if (subjectToken === undefined) throw invalidRequest('Missing subject_token');
    const application = await this.clients.authenticate(form, request);
    requireUsers(application, request);
    const { userId, aal, sid, idAssurance, selectedRoleId } = await this.subjects.verify(subjectToken, application);
    Object.assign(request, { userId, aal });
    const staff = await this.directory.find(userId, idAssurance);
    const { session, issued } = await this.sessions.open(application, { staff, aal, sid, selectedRoleId }, lifetimeMs);
    Object.assign(request, { staff, sessionId: session.id, tokenId: issued.tokenId });
    return { ...describeWithRefresh(issued), issued_token_type: ACCESS_TOKEN };
  }

  private async refreshed(form: TokenForm, request: TokenRequest): Promise<TokenResponse> {
    const lifetimeMs = lifetimeOf(form);
    if (!form.has('client_assertion') && !form.has('client_assertion_type')) throw secretRefused(form);
    const refreshToken = form.get('refresh_token');
    if (refreshToken === undefined) throw invalidRequest('refresh_token is missing');
    const application = await this.clients.authenticate(form, request);
    requireUsers(application, request);
    const refreshable = await this.sessions.refreshable(refreshToken, application);
    const { id, staff, aal } = refreshable.session;
    Object.assign(request, { userId: staff.userId, staff, aal, sessionId: id });
    const staffNow = await this.directory.find(staff.userId, staff.idAssurance);
    const issued = await this.sessions.refresh(application, refreshable, staffNow, lifetimeMs);
    request.tokenId = issued.tokenId;
    return describeWithRefresh(issued);
  }
}

/** A request may shorten its token's life, in milliseconds, and never lengthen it. */
function lifetimeOf(form: TokenForm): number {
  const wished = form.get('_access_token_expiry_ms');
  if (wished === undefined) return LONGEST_LIFETIME_MS;
  if (!/^[1-9]\d{0,14}$/.test(wished)) throw invalidRequest('_access_token_expiry_ms is invalid - must be a whole number above 0');
  return Math.min(Number(wished), LONGEST_LIFETIME_MS);
}

/** Applications prove themselves by key alone: none has a secret that could be right. */
function secretRefused(form: TokenForm): OAuthFault {
  if (!form.has('client_id')) return invalidRequest('client_id is missing', 401);
  if (!form.has('client_secret')) return invalidRequest('client_secret is missing', 401);
  return new OAuthFault(401, 'invalid_client', 'client_id or client_secret is invalid');
}

function requireUsers({ accessModes }: Application, request: TokenRequest): void {
  if (!accessModes.includes('user-restricted')) throw notConfigured();
  request.mode = 'user-restricted';
}

const notConfigured = (): OAuthFault =>
  new OAuthFault(401, 'unauthorized_client', 'grant_type is invalid - the application is not configured to use this authorization grant type');

/** Of 600 seconds 599 are left by the time that anybody reads it. */
const secondsLeft = (fromMs: number, untilMs: number): string => String(Math.max(0, Math.ceil((untilMs - fromMs) / 1000) - 1));

function describe({ token, issuedAtMs, expiresAtMs }: IssuedToken): TokenResponse {
  return { access_token: token, expires_in: secondsLeft(issuedAtMs, expiresAtMs), token_type: 'Bearer', issued_at: String(issuedAtMs) };
}

function describeWithRefresh(issued: IssuedWithRefresh): TokenResponse {
  return {
    ...describe(issued),
    refresh_token: issued.refreshToken,
    refresh_token_expires_in: secondsLeft(issued.issuedAtMs, issued.refreshExpiresAtMs),
    refresh_count: String(issued.refreshCount),
  };
}
