import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Client } from 'pg';
import type { Transaction } from '@carespine/events';
import { Database, LOG, type Log } from '@carespine/service-kit';
import { GatewayConfig } from '../config';
import { Clock } from './clock';

/** What ended. `anything`: announcements may have been missed, so nothing remembered can be trusted without asking the database. */
export type Revoked = { sid: string } | { sessionId: string } | 'anything';

/** A dead connection is noticed, and everything remembered dropped, well within the two seconds that a revocation may take. */
const BEAT_MS = 500;
const ANSWER_WITHIN_MS = 1000;
const CHANNEL = 'revocations';

/**
 * Tells every replica of the gateway what ended, by PostgreSQL's NOTIFY. While the connection that listens is down,
 * all that is remembered is dropped again and again: the database itself is asked then.
 *
 * @see identity and access specification, "Back-channel logout": effective within 2 s everywhere; revoked sids are kept
 *   at least as long as an access token can live
 */
@Injectable()
export class Revocations implements OnModuleInit, OnModuleDestroy {
  private readonly listeners: ((revoked: Revoked) => void)[] = [];
  private readonly holders: ((sid: string) => Promise<boolean>)[] = [];
  private connection?: Client;
  private timer?: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly config: GatewayConfig,
    private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** For whoever remembers sessions or tokens: forget what is named. */
  onRevoked(listener: (revoked: Revoked) => void): void {
    this.listeners.push(listener);
  }

  /** For whoever hands out tokens: says whether one was ever made from the CIS2 session of that id. */
  whoHolds(holder: (sid: string) => Promise<boolean>): void {
    this.holders.push(holder);
  }

  /** Whether a session or token was ever made from that CIS2 session. */
  async isKnown(sid: string): Promise<boolean> {
    const answers = await Promise.all(this.holders.map((holder) => holder(sid)));
    return answers.includes(true);
  }

  /** Whether the CIS2 session of that id ended after the user authenticated in it. */
  async isRevoked(sid: string, authTime: Date): Promise<boolean> {
    const { rowCount } = await this.database.query({
      name: 'revoked-sid',
      text: `SELECT 1 FROM revoked_sids WHERE sid = $1 AND date_trunc('second', revoked_at) > $2`, // auth_time knows whole seconds alone
      values: [sid, authTime],
    });
    return rowCount === 1;
  }

  /** Everything made from a CIS2 session ends; heard everywhere when the transaction commits. */
  async revokeSid(sid: string, tx: Transaction): Promise<void> {
    const now = new Date(this.clock.nowMs());
    const remember = 'INSERT INTO revoked_sids (sid, revoked_at) VALUES ($1, $2) ON CONFLICT (sid) DO UPDATE SET revoked_at = $2';
    await tx.query(remember, [sid, now]);
    await tx.query(`DELETE FROM revoked_sids WHERE revoked_at < $1::timestamptz - interval '2 days'`, [now]);
    await tx.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify({ sid })]);
  }

  /** A browser session ended, or its cookie changed; heard everywhere when the transaction commits. */
  async announceSession(sessionId: string, tx: Transaction): Promise<void> {
    await tx.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify({ sessionId })]);
  }

  async onModuleInit(): Promise<void> {
    await this.listen();
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.connection?.end().catch(() => undefined);
  }

  private tell(revoked: Revoked): void {
    for (const listener of this.listeners) listener(revoked);
  }

  private async listen(): Promise<void> {
    const connection = new Client({
      connectionString: this.config.DATABASE_URL,
      application_name: 'gateway revocations',
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
    });
    const lose = (): void => this.lose(connection);
    connection.on('error', lose).on('end', lose);
    connection.on('notification', ({ payload }) => this.tell(JSON.parse(payload ?? '') as Revoked));
    this.connection = connection;
    try {
      await connection.connect();
      await connection.query(`LISTEN ${CHANNEL}`);
      this.tell('anything'); // what was said before, nobody heard
      this.beatLater(connection);
    } catch {
      lose();
    }
  }

  private beatLater(connection: Client): void {
    this.timer = setTimeout(() => {
      connection.query('SELECT 1').then(
        () => this.connection === connection && !this.closed && this.beatLater(connection),
        () => this.lose(connection),
      );
    }, BEAT_MS).unref();
  }

  private lose(connection: Client): void {
    if (this.connection !== connection || this.closed) return;
    this.connection = undefined;
    clearTimeout(this.timer);
    void connection.end().catch(() => undefined);
    this.log.warn('revocations.connection-lost');
    this.tell('anything');
    this.timer = setTimeout(() => void this.listen(), BEAT_MS).unref();
  }
}
