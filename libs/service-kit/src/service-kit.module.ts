import type { DynamicModule, Provider } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { Pool } from 'pg';
import { AccessLog, ContextVerifier } from '@carespine/access-control';
import { EventServer, Outbox, PatientKey, PostgresEventLog, Relay } from '@carespine/events';
import { ServiceConfig, StoreConfig } from './config';
import { connect, Database, dataSourceOf, SteadyClient } from './database';
import { reportOf } from './events';
import { HealthController, Readiness } from './health.controller';
import { makeLog } from './log';
import type { ServiceDefinition } from './service-definition';

/** Injection token of the service's {@link Log}. */
export const LOG = Symbol('Log');

/** What every service is given: config, log, health; with a database also the store, the outbox and the access log. */
export class ServiceKitModule {
  static async of(service: ServiceDefinition, config: ServiceConfig): Promise<DynamicModule> {
    const log = makeLog(service.name, config.LOG_LEVEL);
    const providers: Provider[] = [
      { provide: service.config, useValue: config },
      { provide: LOG, useValue: log },
      Readiness,
    ];
    if (service.config !== ServiceConfig) providers.push({ provide: ServiceConfig, useValue: config });
    if (config.CONTEXT_JWKS) {
      providers.push({ provide: ContextVerifier, useValue: new ContextVerifier(JSON.parse(config.CONTEXT_JWKS) as JSONWebKeySet) });
    }
    if (config instanceof StoreConfig) {
      const database = new Database(await connect(dataSourceOf(service, config), log));
      const outbox = new Outbox(database.pool);
      const patientKey = new PatientKey(config.PATIENT_KEY_SECRET);
      const logPool = new Pool({ connectionString: config.EVENT_LOG_URL, max: 4, connectionTimeoutMillis: 3000, application_name: service.name, Client: SteadyClient });
      logPool.on('error', (error) => log.warn({ reason: error.name }, 'event-log.connection-lost'));
      const eventLog = new PostgresEventLog(logPool, config.EVENT_LOG_URL);
      const report = reportOf(log);
      providers.push(
        { provide: StoreConfig, useValue: config },
        { provide: Database, useValue: database },
        { provide: Outbox, useValue: outbox },
        { provide: PatientKey, useValue: patientKey },
        { provide: AccessLog, useValue: new AccessLog(service.name, outbox, patientKey) },
        { provide: PostgresEventLog, useValue: eventLog },
        { provide: Relay, useValue: new Relay(database.pool, outbox, eventLog, report) },
        { provide: EventServer, useValue: new EventServer(eventLog, database.pool, outbox, report) },
      );
    }
    return {
      module: ServiceKitModule,
      global: true,
      imports: [service.module],
      controllers: [HealthController],
      providers,
      exports: providers.map((provider) => ('provide' in provider ? provider.provide : provider)),
    };
  }
}
