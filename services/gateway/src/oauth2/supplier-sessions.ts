import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import { SESSION_LIMITS } from '@carespine/access-control';
import type { Transaction } from '@carespine/events';
import { Database } from '@carespine/service-kit';
import type { Application } from '../applications/application';
import { Clock } from '../sessions/clock';
import { Revocations } from '../sessions/revocations';
import { hashOf, isSecret, newSecret } from '../sessions/session-cookie';
import type { Staff } from '../staff/staff';
import { AccessTokens, CIS2_SESSION_ENDED, type IssuedToken } from './access-tokens';
import { OAuthFault } from './oauth-fault';

/** A user who signed in at a supplier, for as long as the supplier may refresh. */
export interface SupplierSession {
  id: string;
  staff: Staff;
  /** `selected_roleid` of the ID token. */
  selectedRoleId?: string;
  aal: number;
  sid?: string;
}

export interface IssuedWithRefresh extends IssuedToken {
  refreshToken: string;
  refreshCount: number;
  refreshExpiresAtMs: number;
}

/** A refresh token that was found good; using it may still fail. */
export interface Refreshable {
  session: SupplierSession;
  hash: Buffer;
  count: number;
  expiresAtMs: number;
}

const LIFETIME_MS = SESSION_LIMITS.refreshTokenSeconds.cis2Separate * 1000;

/**
 * Sessions of users at suppliers, and the chain of refresh tokens of each. The time that a session has counts from its start.
 *
 * @see identity and access specification, "Refresh"
 */
@Injectable()
export class SupplierSessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: AccessTokens,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
  ) {
    revocations.whoHolds(async (sid) => {
      const text = 'SELECT FROM supplier_sessions WHERE sid = $1 LIMIT 1';
      const { rowCount } = await database.query({ name: 'supplier-session-held', text, values: [sid] });
      return rowCount === 1;
    });
  }

  async open(
    application: Application,
    user: Omit<SupplierSession, 'id'>,
    lifetimeMs: number,
  ): Promise<{ session: SupplierSession; issued: IssuedWithRefresh }> {
    const session: SupplierSession = { ...user, id: randomUUID() };
    const { id, staff, selectedRoleId = null, aal, sid = null } = session;
    const openedAtMs = this.clock.nowMs();
    const expiresAtMs = openedAtMs + LIFETIME_MS;
    const issued = await this.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO supplier_sessions (id, client_id, staff, selected_role_id, aal, sid, opened_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, application.clientId, JSON.stringify(staff), selectedRoleId, aal, sid, new Date(openedAtMs), new Date(expiresAtMs)],
      );
      return this.issueBoth(application, { session, count: 0, expiresAtMs }, lifetimeMs, tx);
    });
    return { session, issued };
  }

  /**
   * The session that a refresh token continues. One that was used before ends the session: either its owner or a thief comes late.
   *
   * @throws OAuthFault 401 `invalid_grant`
   */
  async refreshable(token: string, { clientId }: Application): Promise<Refreshable> {
    if (!isSecret(token)) throw invalid();
    const hash = hashOf(token);
    const { rows } = await this.database.query<RefreshRow>({ name: 'refresh-token-find', text: FIND, values: [hash] });
    const [row] = rows;
    if (!row) throw invalid();
    if (row.client_id !== clientId) throw invalid(true);
    if (row.used_at) throw await this.reused(row.id);
    if (row.ended) throw invalid();
    if (row.expires_at.getTime() <= this.clock.nowMs()) {
      throw new OAuthFault(401, 'invalid_grant', 'refresh_token is invalid - the refresh period has expired');
    }
    return { session: sessionOf(row), hash, count: row.refresh_count, expiresAtMs: row.expires_at.getTime() };
  }

  /** @param staff the user as she is now; @throws OAuthFault 401 when the token was used in the meantime */
  async refresh(application: Application, of: Refreshable, staff: Staff, lifetimeMs: number): Promise<IssuedWithRefresh> {
    const issued = await this.database.transaction(async (tx) => {
      const used = await tx.query<unknown[]>(
        `WITH used AS (UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL RETURNING session_id)
         SELECT session_id FROM used`,
        [of.hash, new Date(this.clock.nowMs())],
      );
      if (used.length === 0) return undefined;
      await tx.query('UPDATE supplier_sessions SET staff = $2 WHERE id = $1', [of.session.id, JSON.stringify(staff)]);
      const longestMs = of.expiresAtMs - this.clock.nowMs();
      return this.issueBoth(application, { ...of, count: of.count + 1 }, Math.min(lifetimeMs, longestMs), tx);
    });
    if (!issued) throw await this.reused(of.session.id);
    return issued;
  }

  private async issueBoth(
    application: Application,
    { session, count, expiresAtMs }: Omit<Refreshable, 'hash'>,
    lifetimeMs: number,
    tx: Transaction,
  ): Promise<IssuedWithRefresh> {
    const refreshToken = newSecret();
    const values = [hashOf(refreshToken), session.id, count];
    await tx.query('INSERT INTO refresh_tokens (token_hash, session_id, refresh_count) VALUES ($1, $2, $3)', values);
    const access = await this.tokens.issue(application, 'user-restricted', lifetimeMs, tx, session);
    return { ...access, refreshToken, refreshCount: count, refreshExpiresAtMs: expiresAtMs };
  }

  private async reused(sessionId: string): Promise<OAuthFault> {
    await this.database.transaction(async (tx) => {
      const values = [sessionId, new Date(this.clock.nowMs())];
      await tx.query('UPDATE supplier_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL', values);
      await this.revocations.announceSession(sessionId, tx);
    });
    return invalid(true);
  }
}

const invalid = (isSerious = false): OAuthFault => new OAuthFault(401, 'invalid_grant', 'refresh_token is invalid', isSerious);

const FIND = `SELECT session.id, session.client_id, session.staff, session.selected_role_id, session.aal, session.sid, session.expires_at,
    token.refresh_count, token.used_at,
    session.ended_at IS NOT NULL OR ${CIS2_SESSION_ENDED} AS ended
  FROM refresh_tokens token JOIN supplier_sessions session ON session.id = token.session_id
  WHERE token.token_hash = $1`;

interface RefreshRow extends QueryResultRow {
  id: string;
  client_id: string;
  staff: Staff;
  selected_role_id: string | null;
  aal: number;
  sid: string | null;
  expires_at: Date;
  refresh_count: number;
  used_at: Date | null;
  ended: boolean;
}

function sessionOf({ id, staff, selected_role_id, aal, sid }: RefreshRow): SupplierSession {
  return { id, staff, aal, ...(selected_role_id !== null && { selectedRoleId: selected_role_id }), ...(sid !== null && { sid }) };
}
