import type { Permission } from './policy';

export type AccessMode = 'user-restricted' | 'application-restricted' | 'privileged-application-restricted';

export interface Organisation {
  odsCode: string;
  name: string;
}

/** One of the positions that a member of staff holds; rights come from the selected one alone. */
export interface StaffRole {
  /** User role profile id (URID), 12 digits. */
  id: string;
  /** R code, e.g. `R8000`. */
  jobRole: string;
  /** In words, e.g. `Clinical Practitioner Access Role`. */
  name: string;
  organisation: Organisation;
}

/** Opt-ins held against a client application; a caller cannot switch them on. */
export interface ClientAttributes {
  update?: boolean;
  emptyAddressLines?: boolean;
  confidentialRemovalReasons?: boolean;
  recordSharingConsent?: boolean;
}

/** The system that calls. */
export interface Client {
  id: string;
  name: string;
  productId: string;
  attributes: ClientAttributes;
}

/** Who asks, in what role, through which system, and what they may do. Minted by the gateway, believed by its signature alone. */
export interface Principal {
  mode: AccessMode;
  client: Client;
  /** The caller's: of the selected role, or of the application. */
  organisation: Organisation;
  permissions: ReadonlySet<Permission>;
  /** Permissions that the same role would have after a stronger sign-in. */
  stepUp: ReadonlySet<Permission>;
  /** Authentication assurance level, 1 to 3; 3 for an application with its own key. */
  aal: number;
  workgroups: readonly string[];
  /** Names the access token or session in audit records, and never is one. */
  tokenId: string;
  /** 12 digits; absent for an application without a user. */
  userId?: string;
  name?: string;
  /** Absent until one of several is chosen. */
  role?: StaffRole;
  session?: BrowserSession;
}

/** What the portal needs to know of the browser session. */
export interface BrowserSession {
  id: string;
  idleSeconds: number;
  roles: (StaffRole & { usable: boolean })[];
}
