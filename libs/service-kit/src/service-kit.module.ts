import type { DynamicModule, Provider } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { AccessLog, ContextVerifier } from '@carespine/access-control';
import { EventServer, openEventLog, Outbox, PatientKey, PostgresOutboxStore, Relay } from '@carespine/events';
import { ServiceConfig, StoreConfig } from './config';
import { connect, Database, dataSourceOf } from './database';
import { reportOf } from './events';
import { HealthController, Readiness } from './health.controller';
import { makeLog } from './log';
import type { ServiceDefinition } from './service-definition';

/** Injection token of the service's {@link Log}. */
export const LOG = Symbol('Log');

/** Injection token of the {@link EventLog} that the configuration names. */
export const EVENT_LOG = Symbol('EventLog');

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
      const report = reportOf(log);
      const eventLog = openEventLog(config, { service: service.name, pool: database.pool, failed: (topic, error) => report.awaited(topic, error) });
      providers.push(
        { provide: StoreConfig, useValue: config },
        { provide: Database, useValue: database },
        { provide: Outbox, useValue: outbox },
        { provide: PatientKey, useValue: patientKey },
        { provide: AccessLog, useValue: new AccessLog(service.name, outbox, patientKey) },
        { provide: EVENT_LOG, useValue: eventLog },
        { provide: Relay, useValue: new Relay(new PostgresOutboxStore(database.pool), eventLog, report) },
        { provide: EventServer, useValue: new EventServer(service.name, eventLog, database.pool, outbox, report) },
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
