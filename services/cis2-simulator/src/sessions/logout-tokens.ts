import { Logger } from '@nestjs/common';
import type { Client, Provider, Session } from 'oidc-provider';

/** The provider's own way of sending a logout token, which its types leave out. */
type LogoutClient = Client & { backchannelLogout(sub: string, sid: string): Promise<void> };

const logger = new Logger('LogoutTokens');

/**
 * Sends each client of a session its logout token and waits for the answers. A client that cannot be reached is logged:
 * CIS2 does not try again.
 *
 * @see OpenID Connect Back-Channel Logout 1.0, section 2.5
 */
export async function sendLogoutTokens(provider: Provider, { accountId, authorizations }: Session): Promise<void> {
  await Promise.all(
    Object.entries(authorizations ?? {}).map(async ([clientId, { sid }]) => {
      const client = (await provider.Client.find(clientId)) as LogoutClient | undefined;
      if (!client?.backchannelLogoutUri || !accountId || !sid) return;
      try {
        await client.backchannelLogout(accountId, sid);
      } catch (error) {
        logger.warn(`${clientId} did not take its logout token: ${(error as Error).message}`);
      }
    }),
  );
}
