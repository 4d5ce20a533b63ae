import type { ServiceDefinition } from '@carespine/service-kit';
import { CreateAccessEvents20261124093000 } from '../migrations/20261124093000-create-access-events';
import { AddLeavesToAccessEvents20261124110000 } from '../migrations/20261124110000-add-leaves-to-access-events';
import { CreateStaffMembers20261124113000 } from '../migrations/20261124113000-create-staff-members';
import { CreateAlerts20261124114000 } from '../migrations/20261124114000-create-alerts';
import { CreateActivityCounts20261124114500 } from '../migrations/20261124114500-create-activity-counts';
import { CreateExports20261124115000 } from '../migrations/20261124115000-create-exports';
import { CreateFedEvents20261124115500 } from '../migrations/20261124115500-create-fed-events';
import { CreateSubjectAccessRequests20261124120500 } from '../migrations/20261124120500-create-subject-access-requests';
import { CreateTransparencyLog20261124123000 } from '../migrations/20261124123000-create-transparency-log';
import { AddTimesToPatientFacts20261124140200 } from '../migrations/20261124140200-add-times-to-patient-facts';
import { AppModule } from './app.module';
import { AuditConfig } from './config';

export const audit: ServiceDefinition = {
  name: 'audit',
  module: AppModule,
  config: AuditConfig,
  migrations: [
    CreateAccessEvents20261124093000,
    AddLeavesToAccessEvents20261124110000,
    CreateStaffMembers20261124113000,
    CreateAlerts20261124114000,
    CreateActivityCounts20261124114500,
    CreateExports20261124115000,
    CreateFedEvents20261124115500,
    CreateSubjectAccessRequests20261124120500,
    CreateTransparencyLog20261124123000,
    AddTimesToPatientFacts20261124140200,
  ],
};
