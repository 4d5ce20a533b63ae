import { Inject, Injectable } from '@nestjs/common';
import { LOG, type Log } from '@carespine/service-kit';
import { GatewayConfig } from '../config';
import { fetchFromProvider } from '../sign-in/provider-fetch';
import { IdentityRefused } from '../staff/identity-refused';
import { staffOf, type Staff } from '../staff/staff';
import { OAuthFault } from './oauth-fault';

const TIMEOUT_MS = 3000;

/**
 * Looks up the roles of users who signed in at a supplier: an ID token does not hold them, and the access token with which
 * the supplier could ask for userinfo stays with the supplier.
 */
@Injectable()
export class RoleDirectory {
  constructor(
    private readonly config: GatewayConfig,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * A user with her roles; with none where there is no directory, or it does not know her: APIs that need a role refuse her then.
   *
   * @throws OAuthFault 503 when the directory cannot be asked
   */
  async find(userId: string, idAssurance: number): Promise<Staff> {
    const nobody: Staff = { userId, name: '', idAssurance, positions: [] };
    if (!this.config.ROLE_DIRECTORY_URL) return nobody;
    const userinfo = await this.ask(`${this.config.ROLE_DIRECTORY_URL}/users/${userId}`);
    if (userinfo === undefined) return nobody;
    try {
      const staff = staffOf(userinfo);
      return staff.userId === userId ? { ...staff, idAssurance } : nobody;
    } catch (error) {
      if (!(error instanceof IdentityRefused)) throw error;
      this.log.warn({ reason: error.message }, 'role-directory.answer-refused');
      return nobody;
    }
  }

  private async ask(url: string): Promise<unknown> {
    try {
      const response = await fetchFromProvider(url, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.status === 404) return undefined;
      if (response.status !== 200) throw new Error(`the role directory answers ${response.status}`);
      return (await response.json()) as unknown;
    } catch (error) {
      this.log.warn({ reason: (error as Error).message }, 'role-directory.unreachable');
      throw new OAuthFault(503, 'temporarily_unavailable', "The directory of users' roles can not be reached");
    }
  }
}
