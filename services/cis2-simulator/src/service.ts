import formBody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { ServiceDefinition } from '@carespine/service-kit';
import { AppModule } from './app.module';
import { SimulatorConfig } from './config';
import { mountOpenIdProvider } from './provider/mount';
import { OPEN_ID_PROVIDER } from './provider/token';

export const cis2Simulator: ServiceDefinition = {
  name: 'cis2-simulator',
  module: AppModule,
  config: SimulatorConfig,
  configure: async (app) => {
    const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
    await fastify.register(formBody);
    mountOpenIdProvider(fastify, app.get<Provider>(OPEN_ID_PROVIDER, { strict: false }));
  },
};
