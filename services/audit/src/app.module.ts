import { Module } from '@nestjs/common';
import { AccessesModule } from './accesses/accesses.module';
import { ExportsModule } from './exports/exports.module';
import { FeedModule } from './feed/feed.module';
import { ReportsModule } from './reports/reports.module';
import { TransparencyModule } from './transparency/transparency.module';

@Module({ imports: [AccessesModule, ExportsModule, FeedModule, ReportsModule, TransparencyModule] })
export class AppModule {}
