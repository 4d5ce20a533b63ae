import { Module } from '@nestjs/common';
import { ReportsModule } from '../reports/reports.module';
import { ExportRegister } from './export-register';
import { ExportsController } from './exports.controller';

@Module({ imports: [ReportsModule], controllers: [ExportsController], providers: [ExportRegister] })
export class ExportsModule {}
