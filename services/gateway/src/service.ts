import type { FastifyInstance } from 'fastify';
import type { ServiceDefinition } from '@carespine/service-kit';
import { CreateSessions20261124091000 } from '../migrations/20261124091000-create-sessions';
import { CreateAccessTokens20261124092000 } from '../migrations/20261124092000-create-access-tokens';
import { AppModule } from './app.module';
import { GatewayConfig } from './config';
import { Proxy } from './proxy/proxy';
import { welcomeBrowsers } from './sessions/browsers';

export const gateway: ServiceDefinition = {
  name: 'gateway',
  module: AppModule,
  config: GatewayConfig,
  migrations: [CreateSessions20261124091000, CreateAccessTokens20261124092000],
  async configure(app) {
    await welcomeBrowsers(app);
    app.get(Proxy).register(app.getHttpAdapter().getInstance() as unknown as FastifyInstance);
  },
};
