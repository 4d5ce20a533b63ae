import { Module } from '@nestjs/common';
import { AccessesModule } from '../accesses/accesses.module';
import { OrganisationPolicyModule } from '../organisation-policy/organisation-policy.module';
import { Activity } from './activity';
import { ActivityCounter } from './activity-counter';
import { Enquiries } from './enquiries';
import { People } from './people';
import { Reports } from './reports';
import { ReportsController } from './reports.controller';
import { SealedPage } from './sealed-page';

@Module({
  imports: [AccessesModule, OrganisationPolicyModule],
  controllers: [ReportsController],
  providers: [Activity, ActivityCounter, Enquiries, People, Reports, SealedPage],
  exports: [Reports],
})
export class ReportsModule {}
