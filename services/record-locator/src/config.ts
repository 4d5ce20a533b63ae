import { IsBoolean, IsInt, IsJSON, IsOptional, IsString, Matches, Max, Min, ValidateIf } from 'class-validator';
import { StoreConfig } from '@carespine/service-kit';

const fetches = ({ PROVIDER_REGISTRY }: RecordLocatorConfig): boolean => Boolean(PROVIDER_REGISTRY);

export class RecordLocatorConfig extends StoreConfig {
  /** Comma-separated paths of files of pointer permissions, granted at the start unless they were changed or revoked since. */
  @IsOptional() @IsString() POINTER_PERMISSIONS?: string;

  /** ODS code of the organisation that operates the platform: it sets the permissions of every other. */
  @IsString() OPERATOR_ODS_CODE = 'X26';

  /** JSON file of the providers whose hosts may be called for documents (docs/retrieval.md); without it none is. */
  @IsOptional() @IsString() PROVIDER_REGISTRY?: string;

  /** Lets hosts of this machine stand for providers: for development alone. */
  @IsBoolean() PROVIDERS_ON_LOOPBACK = false;

  /** Accredited system id of this platform, by which providers know it. */
  @ValidateIf(fetches) @Matches(/^\d{12}$/) SYSTEM_ASID?: string;

  /** Private key (JSON Web Key, EdDSA or RSA) that signs the audit tokens and launches which providers get. */
  @ValidateIf(fetches) @IsJSON() AUDIT_TOKEN_JWK?: string;

  /** Files (PEM) of the certificate and key that this platform shows to providers which ask for one. */
  @IsOptional() @IsString() PROVIDER_CLIENT_CERTIFICATE?: string;

  @IsOptional() @IsString() PROVIDER_CLIENT_KEY?: string;

  /** Longest wait for a connection to a provider, in milliseconds. */
  @IsInt() @Min(100) @Max(10_000) DOCUMENT_CONNECT_MS = 3000;

  /** Longest wait for a document's first byte, redirects and a second try included; the gateway waits 30 seconds. */
  @IsInt() @Min(100) @Max(29_000) DOCUMENT_FIRST_BYTE_MS = 25_000;

  /** Longest silence of a provider in the middle of a document, in milliseconds. */
  @IsInt() @Min(100) @Max(59_000) DOCUMENT_IDLE_MS = 15_000;

  /** Longest time for a whole document, in milliseconds. */
  @IsInt() @Min(1000) DOCUMENT_TOTAL_MS = 900_000;

  /** Largest document in bytes; and of those had by Large Document Retrieval. */
  @IsInt() @Min(1024) DOCUMENT_LIMIT = 268_435_456;

  @IsInt() @Min(1024) LARGE_DOCUMENT_LIMIT = 2_147_483_648;

  /** Documents fetched of one provider at once. */
  @IsInt() @Min(1) DOCUMENTS_AT_ONCE = 32;
}
