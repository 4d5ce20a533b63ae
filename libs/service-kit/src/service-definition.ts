import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { MigrationInterface } from 'typeorm';
import type { Fault } from '@carespine/fhir';
import type { ServiceConfig } from './config';

/** What makes one service differ from the next. */
export interface ServiceDefinition {
  name: string;
  module: Type | DynamicModule;
  /** {@link ServiceConfig}, or StoreConfig for a service with a database, with the service's own variables. */
  config: new () => ServiceConfig;
  entities?: Type[];
  migrations?: Type<MigrationInterface>[];
  /** For what Nest has no decorator for: Fastify plugins, raw routes. Runs before the routes are made. */
  configure?: (app: NestFastifyApplication) => void | Promise<void>;
  /** Prepared statements are planned once, whatever their values: where reads are by key alone, planning would cost more than reading. */
  plansOnce?: boolean;
  /** Says a refusal in the codes of the service's API, where they are not the common ones. */
  faultAs?: (fault: Fault) => Fault;
}
