import { Module } from '@nestjs/common';
import { AccessSearch } from './access-search';
import { AccessStore } from './access-store';
import { AuditEventController } from './audit-event.controller';

@Module({ controllers: [AuditEventController, AccessStore], providers: [AccessSearch], exports: [AccessSearch] })
export class AccessesModule {}
