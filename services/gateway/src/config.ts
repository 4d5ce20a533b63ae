import { IsInt, IsJSON, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';
import { StoreConfig } from '@carespine/service-kit';

export class GatewayConfig extends StoreConfig {
  /** Path prefix → base address of the service that answers it; whatever fits none goes to `/`. */
  @IsJSON() ROUTES!: string;

  /** Private Ed25519 key (JWK) that signs context tokens. */
  @IsJSON() CONTEXT_PRIVATE_JWK!: string;

  /** Issuer, to the letter, as it stands in ID tokens; plain http is accepted on loopback only. */
  @IsString() CIS2_ISSUER!: string;

  @IsString() CIS2_CLIENT_ID!: string;

  /** Private RSA key (JWK) for `private_key_jwt`, RS512. */
  @IsJSON() CIS2_CLIENT_PRIVATE_JWK!: string;

  /** Lowest authentication assurance level with which a portal session starts. */
  @IsInt() @Min(2) @Max(3) SIGN_IN_AAL = 2;

  /** `acr_values` of an ordinary sign-in. */
  @IsString() SIGN_IN_ACR = 'AAL2_OR_AAL3_ANY';

  /** Where a user's roles are looked up for exchanged ID tokens: `<url>/users/<user id>` answers in the shape of CIS2's userinfo. */
  @IsOptional() @IsUrl({ require_tld: false }) ROLE_DIRECTORY_URL?: string;

  /** Comma-separated paths of application files. */
  @IsString() APPLICATIONS!: string;

  /** Comma-separated ODS codes of the organisations that use the platform. */
  @IsString() ORGANISATIONS!: string;

  /** Workgroup (pattern `cancer-mdt:*`) that a user must belong to; none by default. */
  @IsOptional() @IsString() REQUIRED_WORKGROUP?: string;
}
