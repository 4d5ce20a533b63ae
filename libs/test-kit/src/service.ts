import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { closeService, createService, migrate, readConfig, type ServiceDefinition } from '@carespine/service-kit';
import { aDatabase } from './database';
import { CONTEXT_JWKS } from './principals';

/** Of the log of accesses, where the service keeps one. */
const LOG_SIGNING_KEY = JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));

export interface RunningService {
  app: NestFastifyApplication;
  url: string;
  databaseUrl: string;
  eventLogUrl: string;
  stop(): Promise<void>;
}

/** The service as it runs in production, on databases of its own and a free port. */
export async function startService(service: ServiceDefinition, env: Record<string, string> = {}): Promise<RunningService> {
  const [database, eventLog] = await Promise.all([aDatabase(service.name), env['EVENT_LOG_URL'] ? undefined : aDatabase('event_log')]);
  const eventLogUrl = env['EVENT_LOG_URL'] ?? eventLog?.url ?? '';
  const config = readConfig(service.config, {
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    CONTEXT_JWKS,
    DATABASE_URL: database.url,
    EVENT_LOG_URL: eventLogUrl,
    PATIENT_KEY_SECRET: 'a secret of the tests, 32 bytes or more',
    LOG_ORIGIN: 'example.test/audit/log',
    LOG_SIGNING_KEY,
    ...env,
  });
  await migrate(service, config);
  const app = await createService(service, config);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    url: `http://127.0.0.1:${port}`,
    databaseUrl: database.url,
    eventLogUrl,
    async stop() {
      app.getHttpServer().closeAllConnections(); // an answer that a test did not read to its end would be waited for
      await closeService(app);
      await database.drop();
      await eventLog?.drop();
    },
  };
}
