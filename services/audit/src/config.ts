import { IsInt, IsJSON, IsString, Matches, Max, Min } from 'class-validator';
import { StoreConfig } from '@carespine/service-kit';

export class AuditConfig extends StoreConfig {
  /** ODS code and name of the organisation that operates the platform: the server side of every access. */
  @IsString() OPERATOR_ODS_CODE = 'X26';

  @IsString() OPERATOR_NAME = 'NHS England';

  /** Rows after which an exported file ends. */
  @IsInt() @Min(1) @Max(1_000_000) EXPORT_ROW_CAP = 100_000;

  /** Accesses that happened longer ago are not taken from suppliers. Their records would be due for erasure. */
  @IsInt() @Min(1) @Max(30) FEED_OLDEST_YEARS = 8;

  /** Staff files, separated by commas: who works where, and who of them is a patient. The shape is the people file's. */
  @IsString() STAFF = '';

  /** Names the log for ever, in its checkpoints and keys: an address without its scheme, e.g. `records.example.nhs.uk/audit/log`. */
  @Matches(/^[^\s+]{1,256}$/) LOG_ORIGIN!: string;

  /** Private Ed25519 key (JWK) that signs checkpoints; or a list of them, all of which sign, the current one first. */
  @IsJSON() LOG_SIGNING_KEY!: string;

  /** JSON list of verifier keys that signed once and do so no more: earlier checkpoints are held against them. */
  @IsJSON() LOG_RETIRED_KEYS = '[]';

  /** How often new accesses become provable, in milliseconds. */
  @IsInt() @Min(10) @Max(3_600_000) LOG_INTERVAL_MS = 1000;

  /** JSON list of `{ name, url, key }`: who cosigns checkpoints, at `<url>/add-checkpoint`, with which verifier key. */
  @IsJSON() WITNESSES = '[]';

  /** A witness that has been silent for so long is told to the operator, in minutes. */
  @IsInt() @Min(1) WITNESS_ALERT_MINUTES = 10;

  /** When the log is verified every night, and a summary of every patient's accesses put into it before: Europe/London. */
  @Matches(/^([01]\d|2[0-3]):[0-5]\d$/) VERIFY_AT = '02:00';

  /** Years for which accesses are kept, at least 8. */
  @IsInt() @Min(8) RETENTION_YEARS = 8;

  /** JSON of service → years, where a service's accesses are kept for longer. */
  @IsJSON() RETENTION_YEARS_OF = '{"cancer-pathway":30}';

  /** JSON of service → address of its database: what each has emitted is counted against the log. */
  @IsJSON() SERVICE_DATABASES = '{}';
}
