import { IsOptional, Matches } from 'class-validator';
import { ServiceConfig } from '@carespine/service-kit';

export class PortalConfig extends ServiceConfig {
  /** Base URLs of the APIs behind the pages, as JSON: `{"demographics":"http://…","audit":"http://…","record-locator":"http://…"}`. */
  @Matches(/^(?=.*"demographics":\s*"https?:)(?=.*"audit":\s*"https?:)(?=.*"record-locator":\s*"https?:)\{.*\}$/)
  SERVICES!: string;

  /** Encrypts the references in the addresses of pages: 32 bytes, base64url. The same on every replica. */
  @Matches(/^[\w-]{43}$/)
  PORTAL_REFERENCE_KEY!: string;

  /** Origin of the identity provider, to which signing out leads; names the one other place that a form may end up at. */
  @IsOptional()
  @Matches(/^https?:\/\/[^\s;,/]+$/)
  IDENTITY_ORIGIN?: string;

  get services(): Record<'demographics' | 'audit' | 'record-locator', string> {
    return JSON.parse(this.SERVICES) as Record<'demographics' | 'audit' | 'record-locator', string>;
  }
}
