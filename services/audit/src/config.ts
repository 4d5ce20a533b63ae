import { IsString } from 'class-validator';
import { StoreConfig } from '@carespine/service-kit';

export class AuditConfig extends StoreConfig {
  /** ODS code and name of the organisation that operates the platform: the server side of every access. */
  @IsString() OPERATOR_ODS_CODE = 'X26';

  @IsString() OPERATOR_NAME = 'NHS England';

  /** Staff files, separated by commas: who works where, and who of them is a patient. The shape is the people file's. */
  @IsString() STAFF = '';
}
