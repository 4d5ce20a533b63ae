import { IsOptional, IsString } from 'class-validator';
import { StoreConfig } from '@carespine/service-kit';

export class RecordLocatorConfig extends StoreConfig {
  /** Comma-separated paths of files of pointer permissions, granted at the start unless they were changed or revoked since. */
  @IsOptional() @IsString() POINTER_PERMISSIONS?: string;

  /** ODS code of the organisation that operates the platform: it sets the permissions of every other. */
  @IsString() OPERATOR_ODS_CODE = 'X26';
}
