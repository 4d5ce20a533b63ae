import type { ServiceDefinition } from '@carespine/service-kit';
import { CreatePatients20261124090000 } from '../migrations/20261124090000-create-patients';
import { CreateStaffPatients20261124120000 } from '../migrations/20261124120000-create-staff-patients';
import { AddTimesToStaffPatients20261124140300 } from '../migrations/20261124140300-add-times-to-staff-patients';
import { AppModule } from './app.module';
import { DemographicsConfig } from './config';
import { answerOtherRequests } from './patients/other-requests';

export const demographics: ServiceDefinition = {
  name: 'demographics',
  module: AppModule,
  config: DemographicsConfig,
  migrations: [CreatePatients20261124090000, CreateStaffPatients20261124120000, AddTimesToStaffPatients20261124140300],
  configure: answerOtherRequests,
};
