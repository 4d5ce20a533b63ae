import type { JSONWebKeySet } from 'jose';
import type { AccessMode, ClientAttributes } from '@carespine/access-control';

/** A supplier's system that may ask for tokens. */
export interface Application {
  clientId: string;
  name: string;
  productId: string;
  /** Of the organisation that runs it. */
  odsCode: string;
  accessModes: AccessMode[];
  /** APIs that it is subscribed to, e.g. `personal-demographics-service`; what its tokens reach follows from them, not from a `scope` parameter. */
  products: string[];
  /** Its own relying parties at CIS2: an ID token made for any other is not exchanged for it. */
  cis2ClientIds: string[];
  attributes: ClientAttributes;
  /** Organisations that it may act for. */
  organisations: string[];
  rateLimit?: RateLimit;
  /** Its public keys; or {@link jwksUri}; or neither yet. */
  jwks?: JSONWebKeySet;
  jwksUri?: string;
  revoked: boolean;
}

export interface RateLimit {
  /** Requests a second, on average over a minute. */
  perSecond: number;
  /** Most requests within any one second; `perSecond` when absent. */
  burst?: number;
}
