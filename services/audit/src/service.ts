import type { ServiceDefinition } from '@carespine/service-kit';
import { CreateAccessEvents20261124093000 } from '../migrations/20261124093000-create-access-events';
import { AddLeavesToAccessEvents20261124110000 } from '../migrations/20261124110000-add-leaves-to-access-events';
import { CreateTransparencyLog20261124123000 } from '../migrations/20261124123000-create-transparency-log';
import { AppModule } from './app.module';
import { AuditConfig } from './config';

export const audit: ServiceDefinition = {
  name: 'audit',
  module: AppModule,
  config: AuditConfig,
  migrations: [CreateAccessEvents20261124093000, AddLeavesToAccessEvents20261124110000, CreateTransparencyLog20261124123000],
};
