import type { ServiceDefinition } from '@carespine/service-kit';
import { AppModule } from './app.module';
import { WitnessConfig } from './config';

export const witness: ServiceDefinition = {
  name: 'witness',
  module: AppModule,
  config: WitnessConfig,
};
