import { Module } from '@nestjs/common';
import { AccessesModule } from './accesses/accesses.module';
import { AlertsModule } from './alerts/alerts.module';
import { OrganisationPolicyModule } from './organisation-policy/organisation-policy.module';
import { SamplingModule } from './sampling/sampling.module';
import { StaffModule } from './staff/staff.module';

@Module({ imports: [AccessesModule, StaffModule, AlertsModule, OrganisationPolicyModule, SamplingModule] })
export class AppModule {}
