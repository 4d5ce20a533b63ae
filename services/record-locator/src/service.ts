import type { ServiceDefinition } from '@carespine/service-kit';
import { AppModule } from './app.module';
import { RecordLocatorConfig } from './config';

export const recordLocator: ServiceDefinition = {
  name: 'record-locator',
  module: AppModule,
  config: RecordLocatorConfig,
  migrations: [],
};
