import { Module } from '@nestjs/common';
import { OrganisationPolicyModule } from '../organisation-policy/organisation-policy.module';
import { StaffModule } from '../staff/staff.module';
import { AlertDesk } from './alert-desk.service';
import { AlertsController } from './alerts.controller';
import { AlertEvaluator } from './evaluator';
import { PatientFacts } from './patient-facts.controller';

@Module({ imports: [StaffModule, OrganisationPolicyModule], controllers: [AlertsController, PatientFacts], providers: [AlertDesk, AlertEvaluator] })
export class AlertsModule {}
