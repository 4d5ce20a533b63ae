import type { ServiceDefinition } from '@carespine/service-kit';
import { CreatePatients20261124090000 } from '../migrations/20261124090000-create-patients';
import { AppModule } from './app.module';
import { DemographicsConfig } from './config';
import { answerOtherRequests } from './patients/other-requests';

export const demographics: ServiceDefinition = {
  name: 'demographics',
  module: AppModule,
  config: DemographicsConfig,
  migrations: [CreatePatients20261124090000],
  configure: answerOtherRequests,
};
