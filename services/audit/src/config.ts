import { IsInt, IsString, Max, Min } from 'class-validator';
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
}
