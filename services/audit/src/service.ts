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
import { IndexAccessesByMonth20261124134500 } from '../migrations/20261124134500-index-accesses-by-month';
import { AddTimesToPatientFacts20261124140200 } from '../migrations/20261124140200-add-times-to-patient-facts';
import { EraseWholeChains20261124143000 } from '../migrations/20261124143000-erase-whole-chains';
import { CreateStaffRoles20261124144000 } from '../migrations/20261124144000-create-staff-roles';
import { AddIsSeedChosenToAlertSamples20261124144100 } from '../migrations/20261124144100-add-is-seed-chosen-to-alert-samples';
import { RecountActivity20261124144200 } from '../migrations/20261124144200-recount-activity';
import { CreateExportPatients20261124144300 } from '../migrations/20261124144300-create-export-patients';
import { AwaitDecisionsOfGuardian20261124145000 } from '../migrations/20261124145000-await-decisions-of-guardian';
import { EraseClosedFiles20261124145100 } from '../migrations/20261124145100-erase-closed-files';
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
    IndexAccessesByMonth20261124134500,
    AddTimesToPatientFacts20261124140200,
    EraseWholeChains20261124143000,
    CreateStaffRoles20261124144000,
    AddIsSeedChosenToAlertSamples20261124144100,
    RecountActivity20261124144200,
    CreateExportPatients20261124144300,
    AwaitDecisionsOfGuardian20261124145000,
    EraseClosedFiles20261124145100,
  ],
};
