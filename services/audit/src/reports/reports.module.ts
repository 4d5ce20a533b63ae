import { Module } from '@nestjs/common';
import { AccessesModule } from '../accesses/accesses.module';
import { Activity } from './activity';
import { ActivityCounter } from './activity-counter';
import { Enquiries } from './enquiries';
import { OpeningHours } from './opening-hours';
import { People } from './people';
import { Reports } from './reports';
import { ReportsController } from './reports.controller';
import { SealedPage } from './sealed-page';

@Module({
  imports: [AccessesModule],
  controllers: [ReportsController],
  providers: [Activity, ActivityCounter, Enquiries, OpeningHours, People, Reports, SealedPage],
  exports: [Reports],
})
export class ReportsModule {}
