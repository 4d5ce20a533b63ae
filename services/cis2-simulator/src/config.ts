import { Equals, IsJSON, IsOptional, IsString, IsUrl, Matches, ValidateIf } from 'class-validator';
import type { JWK_RSA_Private } from 'jose';
import { ServiceConfig } from '@carespine/service-kit';

export class SimulatorConfig extends ServiceConfig {
  /** Exactly as it stands in tokens; with CIS2 `https://<host>:443/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare`. */
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  @Matches(/[^/]$/, { message: 'ISSUER must not end with a slash' })
  ISSUER!: string;

  /** Comma-separated paths of people files. */
  @Matches(/[^,\s]/, { message: 'PEOPLE must name a file' }) PEOPLE!: string;

  /** The relying parties, as JSON: a list of ClientRegistration. */
  @IsJSON() CLIENTS!: string;

  /** Private RSA key (JWK) that signs ID and logout tokens, RS256. Without it a key is made at start, and earlier tokens fail. */
  @IsOptional() @IsJSON() SIGNING_JWK?: string;

  /** JSON file that keeps the passkeys; without it a restart forgets them. */
  @IsOptional() @IsString() STATE_FILE?: string;

  @IsOptional() @IsString() NODE_ENV?: string;

  /** The simulator signs anybody in as anybody: where NODE_ENV is production it does not start without this. */
  @ValidateIf((config: SimulatorConfig) => config.NODE_ENV === 'production')
  @Equals(true, { message: 'ALLOW_SIMULATOR must be true for a simulator in production: it signs anybody in as anybody' })
  ALLOW_SIMULATOR = false;

  get peopleFiles(): string[] {
    return this.PEOPLE.split(',')
      .map((path) => path.trim())
      .filter(Boolean);
  }

  get signingKey(): JWK_RSA_Private | undefined {
    return this.SIGNING_JWK ? (JSON.parse(this.SIGNING_JWK) as JWK_RSA_Private) : undefined;
  }
}
