import type { AccessMode } from '@carespine/access-control';
import type { Application } from '../applications/application';
import type { Staff } from '../staff/staff';

/** What is known of a request for a token, filled in as it becomes known: its access record is made of this, whatever the outcome. */
export interface TokenRequest {
  /** In words, e.g. `Issue token: token exchange`. */
  name: string;
  /** The one that the assertion names; with a refusal it may not have been proven. */
  application?: Application;
  mode?: AccessMode;
  userId?: string;
  staff?: Staff;
  aal?: number;
  sessionId?: string;
  tokenId?: string;
}
