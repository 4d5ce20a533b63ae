import { Module } from '@nestjs/common';
import { AccessesModule } from './accesses/accesses.module';
import { AlertsModule } from './alerts/alerts.module';
import { ExportsModule } from './exports/exports.module';
import { FeedModule } from './feed/feed.module';
import { OrganisationPolicyModule } from './organisation-policy/organisation-policy.module';
import { ReportsModule } from './reports/reports.module';
import { SamplingModule } from './sampling/sampling.module';
import { StaffModule } from './staff/staff.module';
import { SubjectAccessModule } from './subject-access/subject-access.module';
import { TransparencyModule } from './transparency/transparency.module';

@Module({
  imports: [
    AccessesModule,
    StaffModule,
    AlertsModule,
    OrganisationPolicyModule,
    SamplingModule,
    ReportsModule,
    ExportsModule,
    FeedModule,
    SubjectAccessModule,
    TransparencyModule,
  ],
})
export class AppModule {}
