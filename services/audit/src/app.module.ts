import { Module } from '@nestjs/common';
import { AccessesModule } from './accesses/accesses.module';
import { ReportsModule } from './reports/reports.module';
import { TransparencyModule } from './transparency/transparency.module';

@Module({ imports: [AccessesModule, ReportsModule, TransparencyModule] })
export class AppModule {}
