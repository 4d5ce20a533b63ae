import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import { SESSION_LIMITS, type AccessMode } from '@carespine/access-control';
import type { Transaction } from '@carespine/events';
import { Database } from '@carespine/service-kit';
import type { Application } from '../applications/application';
import { ApplicationRegistry } from '../applications/application-registry';
import { Clock } from '../sessions/clock';
import { Revocations } from '../sessions/revocations';
import { hashOf, isSecret, newSecret } from '../sessions/session-cookie';
import type { Staff } from '../staff/staff';

/** What an access token stands for. The same object as long as it is remembered. */
export interface AccessGrant {
  /** The last 32 characters of the stored hash: names the token in records, and is no way to it. */
  readonly tokenId: string;
  readonly mode: AccessMode;
  readonly application: Application;
  /** Of a user: with her positions, of which none may be known. */
  readonly staff?: Staff;
  /** `selected_roleid` of the ID token. */
  readonly selectedRoleId?: string;
  /** Of the user's sign-in; 3 for an application, which signs with a key of its own. */
  readonly aal: number;
  /** Session at CIS2. */
  readonly sid?: string;
  /** The user's session at the supplier, which refresh continues. */
  readonly sessionId?: string;
  readonly expiresAtMs: number;
}

/** A new token, which is known in full to its receiver alone. */
export interface IssuedToken {
  token: string;
  tokenId: string;
  issuedAtMs: number;
  expiresAtMs: number;
}

export const LONGEST_LIFETIME_MS = SESSION_LIMITS.accessTokenSeconds * 1000;
const MOST_REMEMBERED = 50_000;
const TIDY_MS = 10 * 60_000;
const MOST_TIDIED = 50_000;

/** Opaque access tokens: 256 random bits, of which the store knows the hash. */
@Injectable()
export class AccessTokens implements OnModuleInit, OnModuleDestroy {
  private readonly remembered = new Map<string, AccessGrant>();
  /** Changes with every revocation: what was read before one may be out of date. */
  private generation = 0;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly applications: ApplicationRegistry,
    private readonly clock: Clock,
    revocations: Revocations,
  ) {
    revocations.onRevoked((revoked) => {
      if (revoked === 'anything') this.forget(() => true);
      else if ('sid' in revoked) this.forget(({ sid }) => sid === revoked.sid);
      else this.forget(({ sessionId }) => sessionId === revoked.sessionId);
    });
  }

  /**
   * What a token stands for, undefined when it is unknown, expired or revoked. A warm token costs neither a query nor a hash.
   *
   * @see identity and access specification, "Back-channel logout": a revocation takes effect within 2 s
   */
  async find(token: string): Promise<AccessGrant | undefined> {
    const known = this.remembered.get(token);
    if (known) {
      if (known.expiresAtMs > this.clock.nowMs()) return known;
      this.remembered.delete(token);
      return undefined;
    }
    if (!isSecret(token)) return undefined;
    const { generation } = this;
    const hash = hashOf(token);
    const values = [hash, new Date(this.clock.nowMs())];
    const { rows } = await this.database.query<GrantRow>({ name: 'access-token-find', text: FIND, values });
    const application = rows[0] && this.applications.find(rows[0].client_id);
    if (!rows[0] || !application || application.revoked) return undefined;
    const grant = grantOf(rows[0], hash, application);
    if (generation === this.generation) this.remember(token, grant);
    return grant;
  }

  /** @param session of the user for whom the application acts */
  async issue(
    { clientId }: Application,
    mode: AccessMode,
    lifetimeMs: number,
    tx: Transaction = this.database.pool,
    session?: { id: string },
  ): Promise<IssuedToken> {
    const token = newSecret();
    const hash = hashOf(token);
    const issuedAtMs = this.clock.nowMs();
    const expiresAtMs = issuedAtMs + lifetimeMs;
    await tx.query(
      'INSERT INTO access_tokens (token_hash, client_id, mode, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)',
      [hash, clientId, mode, session?.id ?? null, new Date(issuedAtMs), new Date(expiresAtMs)],
    );
    return { token, tokenId: tokenIdOf(hash), issuedAtMs, expiresAtMs };
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.tidy().catch(() => undefined), TIDY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Removes what no rule asks about any more. */
  async tidy(): Promise<void> {
    const now = this.clock.nowMs();
    const remove = (table: string, column: string, before: number): Promise<unknown> => {
      const some = `SELECT ctid FROM ${table} WHERE ${column} < $1 LIMIT ${MOST_TIDIED}`;
      return this.database.pool.query(`DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${some}))`, [new Date(before)]);
    };
    await remove('access_tokens', 'expires_at', now);
    await remove('supplier_sessions', 'expires_at', now - LONGEST_LIFETIME_MS);
    await remove('client_assertions', 'seen_at', now - SESSION_LIMITS.jtiReplayWindowSeconds * 1000);
  }

  private remember(token: string, grant: AccessGrant): void {
    this.remembered.set(token, grant);
    if (this.remembered.size <= MOST_REMEMBERED) return;
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined) this.remembered.delete(oldest);
  }

  private forget(isMeant: (grant: AccessGrant) => boolean): void {
    this.generation++;
    for (const [token, grant] of this.remembered) if (isMeant(grant)) this.remembered.delete(token);
  }
}

/** SQL: whether CIS2 ended its session after `session` was opened by it. */
export const CIS2_SESSION_ENDED =
  'EXISTS (SELECT FROM revoked_sids WHERE revoked_sids.sid = session.sid AND revoked_at >= session.opened_at)';

const FIND = `SELECT token.client_id, token.mode, token.expires_at, token.session_id,
    session.staff, session.selected_role_id, session.aal, session.sid
  FROM access_tokens token LEFT JOIN supplier_sessions session ON session.id = token.session_id
  WHERE token.token_hash = $1 AND token.expires_at > $2 AND session.ended_at IS NULL AND NOT ${CIS2_SESSION_ENDED}`;

interface GrantRow extends QueryResultRow {
  client_id: string;
  mode: AccessMode;
  expires_at: Date;
  session_id: string | null;
  staff: Staff | null;
  selected_role_id: string | null;
  aal: number | null;
  sid: string | null;
}

const tokenIdOf = (hash: Buffer): string => hash.toString('hex').slice(-32);

function grantOf(row: GrantRow, hash: Buffer, application: Application): AccessGrant {
  const { mode, expires_at, session_id, staff, selected_role_id, aal, sid } = row;
  return {
    tokenId: tokenIdOf(hash),
    mode,
    application,
    aal: aal ?? 3,
    expiresAtMs: expires_at.getTime(),
    ...(staff && { staff }),
    ...(selected_role_id !== null && { selectedRoleId: selected_role_id }),
    ...(sid !== null && { sid }),
    ...(session_id !== null && { sessionId: session_id }),
  };
}
