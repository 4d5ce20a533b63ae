import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SESSION_LIMITS } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { GatewayConfig } from '../config';
import { Clock } from '../sessions/clock';
import { Revocations } from '../sessions/revocations';
import { hashOf } from '../sessions/session-cookie';
import { Sessions, type Session } from '../sessions/sessions';
import { IdentityRefused } from '../staff/identity-refused';
import { IdentityProvider } from './identity-provider';
import { verifyLogoutToken, type LoggedOut } from './logout-token';
import { principalOfSession } from '../callers/principal';
import { SignInRecords } from './sign-in-records';

/** The end of sessions: by the user, or because the identity provider says so. */
@Injectable()
export class SignOut {
  constructor(
    private readonly sessions: Sessions,
    private readonly revocations: Revocations,
    private readonly provider: IdentityProvider,
    private readonly records: SignInRecords,
    private readonly clock: Clock,
    private readonly config: GatewayConfig,
  ) {}

  /** @returns where the user's session at the identity provider ends as well */
  async byUser(request: FastifyRequest, session: Session): Promise<string> {
    const facts = { outcome: Outcome.SUCCESS, outcomeDescription: 'logout', agent: principalOfSession(session) };
    await this.records.record(request, { interaction: Interaction.SIGN_OUT, ...facts });
    const idToken = await this.sessions.end(session, 'logout');
    const url = idToken && (await this.provider.endSessionUrl(idToken, `${this.config.PUBLIC_URL}/signed-out`));
    return url ? url.href : '/signed-out';
  }

  /**
   * Ends what was made from a CIS2 session, everywhere.
   *
   * @returns whether there was, or had been, anything
   * @throws IdentityRefused
   */
  async byProvider(request: FastifyRequest, logoutToken: string): Promise<boolean> {
    const { issuer, clientId, keys } = this.provider;
    const loggedOut = await verifyLogoutToken(logoutToken, { issuer, clientId, keys, nowMs: this.clock.nowMs() });
    const sessions = await this.sessionsOf(loggedOut);
    const sids = new Set(loggedOut.sid !== undefined ? [loggedOut.sid] : sessions.flatMap(({ sid }) => sid ?? []));
    const isKnown = sessions.length > 0 || (loggedOut.sid !== undefined && (await this.revocations.isKnown(loggedOut.sid)));
    const ended = await this.sessions.endAll(sessions, 'back-channel', async (tx) => {
      const fresh = await tx.query<unknown[]>(
        'INSERT INTO logout_tokens (jti_hash, seen_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING jti_hash',
        [hashOf(loggedOut.jti), new Date(this.clock.nowMs())],
      );
      if (fresh.length === 0) throw new IdentityRefused('logout_token', 'jti');
      await tx.query(`DELETE FROM logout_tokens WHERE seen_at < $1::timestamptz - interval '1 hour'`, [new Date(this.clock.nowMs())]);
      for (const sid of sids) await this.revocations.revokeSid(sid, tx);
    });
    const facts = { interaction: Interaction.SIGN_OUT, outcomeDescription: 'back-channel' } as const;
    for (const session of ended) await this.records.record(request, { ...facts, outcome: Outcome.SUCCESS, agent: principalOfSession(session) });
    if (ended.length === 0) {
      const outcome = isKnown ? Outcome.SUCCESS : Outcome.MINOR_FAILURE;
      await this.records.record(request, { ...facts, outcome, agent: { userId: loggedOut.userId } });
    }
    return isKnown;
  }

  private async sessionsOf({ sid, userId, issuedAt }: LoggedOut): Promise<Session[]> {
    const sessions = await this.sessions.of(sid !== undefined ? { sid } : { userId: userId ?? '' });
    if (sessions.some(({ staff }) => userId !== undefined && staff.userId !== userId)) throw new IdentityRefused('logout_token', 'sub');
    // an old token must not end a session that was signed in after it
    const newest = Math.max(...sessions.map(({ startedAt }) => startedAt.getTime()));
    if (issuedAt.getTime() < newest - SESSION_LIMITS.clockSkewSeconds * 1000) throw new IdentityRefused('logout_token', 'iat');
    return sessions;
  }
}
