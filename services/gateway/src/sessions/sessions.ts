import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import { SESSION_LIMITS } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database, LOG, type Log } from '@carespine/service-kit';
import type { EntityManager } from 'typeorm';
import type { Staff } from '../staff/staff';
import { Clock } from './clock';
import { Revocations } from './revocations';
import { SessionCache, type Remembered } from './session-cache';
import { hashOf, isSecret, newSecret } from './session-cookie';

/** A member of staff at a browser. The same object as long as nothing about it changes. */
export interface Session {
  /** UUID that names the session to services and in records. It outlives a step-up, and ends with a change of role. */
  readonly id: string;
  readonly staff: Staff;
  /** Of the selected role; absent until one of several is chosen. */
  readonly positionId?: string;
  readonly aal: number;
  /** CIS2's own session. */
  readonly sid?: string;
  readonly startedAt: Date;
}

/** What a sign-in at the identity provider proved. */
export interface SignedIn {
  staff: Staff;
  aal: number;
  sid?: string;
  authTime: Date;
  /** Shown to the provider at sign-out, so that it knows whose session is meant. */
  idToken: string;
}

/** A session with the secret for its cookie, which is known at this moment alone. */
export interface Opened {
  cookie: string;
  session: Session;
}

export type EndReason = 'logout' | 'elsewhere' | 'idle' | 'absolute' | 'back-channel' | 'rotated';

/** How long a session has, in whole seconds, unless the user does something. */
export interface TimeLeft {
  secondsLeft: number;
  absoluteSecondsLeft: number;
}

/** The store hears that a user is still there at most this often. */
const TOUCH_MS = 20_000;
const ABSOLUTE_MS = SESSION_LIMITS.absoluteTimeoutSeconds * 1000;

/** Seconds without a request after which a session of this assurance level ends. */
export const idleSecondsOf = (aal: number): number => SESSION_LIMITS.idleTimeoutSeconds[aal >= 3 ? 'aal3' : 'aal2'];

/**
 * Browser sessions: opaque cookie, everything else in the store. A user has one at a time.
 *
 * @see identity and access specification, "Sessions"
 */
@Injectable()
export class Sessions {
  private readonly cache = new SessionCache();

  constructor(
    private readonly database: Database,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    revocations.onRevoked((revoked) => {
      if (revoked === 'anything') this.cache.clear();
      else if ('sessionId' in revoked) this.cache.forget(revoked.sessionId);
    });
    revocations.whoHolds(async (sid) => (await this.rows('WHERE sid = $1 LIMIT 1', [sid])).length > 0);
  }

  /** The session of a cookie, which the user's request extends. A warm one costs no query. */
  async find(cookie: string): Promise<Session | undefined> {
    const remembered = await this.remembered(cookie);
    if (!remembered) return undefined;
    remembered.lastSeenMs = this.clock.nowMs();
    if (remembered.lastSeenMs - remembered.writtenMs >= TOUCH_MS) this.touch(cookie, remembered);
    return remembered.session;
  }

  /** The session of a cookie, left as it is. */
  async peek(cookie: string | undefined): Promise<Session | undefined> {
    return cookie === undefined ? undefined : (await this.remembered(cookie))?.session;
  }

  async timeLeft(cookie: string): Promise<TimeLeft | undefined> {
    const remembered = await this.remembered(cookie);
    if (!remembered) return undefined;
    const { session, lastSeenMs } = remembered;
    const absoluteMs = session.startedAt.getTime() + ABSOLUTE_MS - this.clock.nowMs();
    const idleMs = lastSeenMs + idleSecondsOf(session.aal) * 1000 - this.clock.nowMs();
    return { secondsLeft: Math.floor(Math.min(idleMs, absoluteMs) / 1000), absoluteSecondsLeft: Math.floor(absoluteMs / 1000) };
  }

  /** Why the session of a cookie is over; undefined for a cookie that never was one. */
  async endOf(cookie: string): Promise<EndReason | undefined> {
    if (!isSecret(cookie)) return undefined;
    const [row] = await this.rows('WHERE id_hash = $1', [hashOf(cookie)]);
    return row?.end_reason ?? undefined;
  }

  /**
   * Starts the session of a sign-in. The user's older one ends, wherever it is; so does the one that the browser had.
   *
   * @returns the secret for the cookie, and the sessions that had to give way
   */
  async open(signedIn: SignedIn, positionId: string | undefined, replaced?: Session): Promise<Opened & { ended: Session[] }> {
    const { staff, aal, sid } = signedIn;
    const session: Session = { id: randomUUID(), staff, positionId, aal, sid, startedAt: new Date(this.clock.nowMs()) };
    const cookie = newSecret();
    const ended = await this.database.transaction(async (tx) => {
      await takeTurn(tx, staff.userId);
      await this.endForgotten(tx, staff.userId);
      const older = await this.endRows(tx, '(user_id = $3 OR id = $4)', 'elsewhere', [staff.userId, replaced?.id ?? null]);
      await this.insert(tx, cookie, session, signedIn);
      await tx.query(`DELETE FROM sessions WHERE started_at < $1::timestamptz - interval '2 days'`, [session.startedAt]);
      return older;
    });
    for (const { id } of ended) this.cache.forget(id);
    return { cookie, session, ended };
  }

  /** The same sign-in in another role: a session of its own, and nothing of the old one holds any more. */
  async changeRole(current: Session, positionId: string): Promise<Opened> {
    return this.rotate(current, { ...current, id: randomUUID(), positionId });
  }

  /** The same user, signed in again more strongly, in the role that she had. */
  async stepUp(current: Session, signedIn: SignedIn): Promise<Opened> {
    const { staff, aal, sid } = signedIn;
    return this.rotate(current, { ...current, staff, aal, sid }, signedIn);
  }

  /** @returns the ID token of the sign-in, undefined when the session had ended already */
  async end({ id }: Session, reason: EndReason): Promise<string | undefined> {
    const [row] = await this.database.transaction((tx) => this.endedRows(tx, 'id = $3', reason, [id]));
    this.cache.forget(id);
    return row?.id_token;
  }

  /** The sessions, active or over, of a CIS2 session; or of a user. */
  async of(by: { sid: string } | { userId: string }): Promise<Session[]> {
    const rows = 'sid' in by ? await this.rows('WHERE sid = $1', [by.sid]) : await this.rows('WHERE user_id = $1', [by.userId]);
    return rows.map(sessionOf);
  }

  /**
   * Ends what is active of these sessions, in one transaction with the work given.
   *
   * @returns those that were active
   */
  async endAll(sessions: Session[], reason: EndReason, alongside: (tx: EntityManager) => Promise<void>): Promise<Session[]> {
    const ended = await this.database.transaction(async (tx) => {
      await alongside(tx);
      return this.endRows(tx, 'id = ANY ($3)', reason, [sessions.map(({ id }) => id)]);
    });
    for (const { id } of ended) this.cache.forget(id);
    return ended;
  }

  private async remembered(cookie: string): Promise<Remembered | undefined> {
    const known = this.cache.get(cookie);
    if (known && !this.limitPassed(known)) return known;
    if (!isSecret(cookie)) return undefined;
    // not known, or over as far as this replica knows: another one may have seen the user since
    const { generation } = this.cache;
    const [row] = await this.rows('WHERE id_hash = $1 AND ended_at IS NULL', [hashOf(cookie)]);
    if (!row) return undefined;
    const read: Remembered = { session: sessionOf(row), lastSeenMs: row.last_seen_at.getTime(), writtenMs: row.last_seen_at.getTime() };
    const limit = this.limitPassed(read);
    if (limit) {
      const which = 'id_hash = $3 AND last_seen_at = $4';
      await this.database.transaction((tx) => this.endRows(tx, which, limit, [hashOf(cookie), row.last_seen_at]));
      return undefined;
    }
    if (generation === this.cache.generation) this.cache.set(cookie, read);
    return read;
  }

  private limitPassed({ session, lastSeenMs }: Remembered): 'idle' | 'absolute' | undefined {
    const now = this.clock.nowMs();
    if (now >= session.startedAt.getTime() + ABSOLUTE_MS) return 'absolute';
    return now >= lastSeenMs + idleSecondsOf(session.aal) * 1000 ? 'idle' : undefined;
  }

  /** In the background: the request does not wait for it, and the next one tries again if it fails. */
  private touch(cookie: string, remembered: Remembered): void {
    remembered.writtenMs = remembered.lastSeenMs;
    const query = {
      name: 'session-touch',
      text: 'UPDATE sessions SET last_seen_at = greatest(last_seen_at, $2) WHERE id_hash = $1 AND ended_at IS NULL',
      values: [hashOf(cookie), new Date(remembered.lastSeenMs)],
    };
    this.database.query(query).then(
      ({ rowCount }) => rowCount === 0 && this.cache.forget(remembered.session.id),
      (error: Error) => this.log.warn({ reason: error.name }, 'session.touch-failed'),
    );
  }

  /** @throws Fault 401 when the session ended while the request was under way */
  private async rotate(current: Session, next: Session, signedIn?: SignedIn): Promise<Opened> {
    const cookie = newSecret();
    await this.database.transaction(async (tx) => {
      await takeTurn(tx, current.staff.userId);
      const [old] = await this.endedRows(tx, 'id = $3', 'rotated', [current.id]);
      if (!old) throw new Fault('ACCESS_DENIED', { status: 401, issueCode: 'login', diagnostics: 'The session has ended' });
      await this.insert(tx, cookie, next, signedIn ?? { authTime: old.authenticated_at, idToken: old.id_token });
    });
    this.cache.forget(current.id);
    return { cookie, session: next };
  }

  private async insert(tx: EntityManager, cookie: string, session: Session, proof: Pick<SignedIn, 'authTime' | 'idToken'>): Promise<void> {
    const { id, staff, positionId = null, aal, sid = null, startedAt } = session;
    const { authTime, idToken } = proof;
    const now = new Date(this.clock.nowMs());
    await tx.query(
      `INSERT INTO sessions (id_hash, id, user_id, staff, position_id, aal, sid, id_token, started_at, authenticated_at, last_seen_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [hashOf(cookie), id, staff.userId, JSON.stringify(staff), positionId, aal, sid, idToken, startedAt, authTime, now],
    );
  }

  private async endRows(tx: EntityManager, which: string, reason: EndReason, values: unknown[]): Promise<Session[]> {
    return (await this.endedRows(tx, which, reason, values)).map(sessionOf);
  }

  /** Of a user: what ran out unnoticed, since its browser never asked again. */
  private async endForgotten(tx: EntityManager, userId: string): Promise<void> {
    const lastSeenFor = (aal: number): Date => new Date(this.clock.nowMs() - idleSecondsOf(aal) * 1000);
    await this.endedRows(tx, 'user_id = $3 AND last_seen_at <= CASE WHEN aal >= 3 THEN $4 ELSE $5 END::timestamptz', 'idle', [
      userId,
      lastSeenFor(3),
      lastSeenFor(2),
    ]);
  }

  /** Ends active sessions and says so to every replica. */
  private async endedRows(tx: EntityManager, which: string, reason: EndReason, values: unknown[]): Promise<SessionRow[]> {
    const rows = await tx.query<SessionRow[]>(
      `WITH ended AS (UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL AND ${which} RETURNING *)
       SELECT * FROM ended`,
      [new Date(this.clock.nowMs()), reason, ...values],
    );
    for (const { id } of rows) await this.revocations.announceSession(id, tx);
    return rows;
  }

  private async rows(where: string, values: unknown[]): Promise<SessionRow[]> {
    return (await this.database.query<SessionRow>({ name: `sessions ${where}`, text: `SELECT * FROM sessions ${where}`, values })).rows;
  }
}

/** What is done about a user's sessions is done one after the other, at all replicas. */
const takeTurn = (tx: EntityManager, userId: string): Promise<unknown> =>
  tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`session of ${userId}`]);

interface SessionRow extends QueryResultRow {
  id: string;
  staff: Staff;
  position_id: string | null;
  aal: number;
  sid: string | null;
  id_token: string;
  started_at: Date;
  authenticated_at: Date;
  last_seen_at: Date;
  end_reason: EndReason | null;
}

function sessionOf({ id, staff, position_id, aal, sid, started_at }: SessionRow): Session {
  return { id, staff, aal, startedAt: started_at, ...(position_id !== null && { positionId: position_id }), ...(sid !== null && { sid }) };
}
