import type { AdapterPayload, Provider } from 'oidc-provider';
import type { MemoryStore } from '../provider/memory-store';
import { sendLogoutTokens } from './logout-tokens';

/** The CIS2 sessions that are alive. */
export class Cis2Sessions {
  constructor(
    private readonly provider: Provider,
    private readonly store: MemoryStore,
  ) {}

  list(): AdapterPayload[] {
    return this.store.live('Session').filter((session) => session.accountId !== undefined);
  }

  /** Ends a session and tells its clients. A session that is gone already is no fault. */
  async end(uid: string): Promise<void> {
    const session = await this.provider.Session.findByUid(uid);
    if (!session) return;
    await session.destroy();
    await sendLogoutTokens(this.provider, session);
  }
}
