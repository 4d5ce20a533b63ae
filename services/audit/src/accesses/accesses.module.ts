import { Module } from '@nestjs/common';
import { TransparencyModule } from '../transparency/transparency.module';
import { AccessSearch } from './access-search';
import { AccessStore } from './access-store';
import { AuditEventController } from './audit-event.controller';
import { PageRefusalsController } from './page-refusals.controller';

@Module({ imports: [TransparencyModule], controllers: [AuditEventController, PageRefusalsController, AccessStore], providers: [AccessSearch], exports: [AccessSearch] })
export class AccessesModule {}
