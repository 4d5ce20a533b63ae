import { setTimeout } from 'node:timers/promises';
import type { Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { EVENT_MIGRATIONS, isPassing, steadyPool } from '@carespine/events';
import type { StoreConfig } from './config';
import type { Log } from './log';
import type { ServiceDefinition } from './service-definition';

/** The service's own database: TypeORM for entities, migrations and writes; its driver's pool for hot reads. */
export class Database {
  constructor(readonly source: DataSource) {}

  get pool(): Pool {
    return (this.source.driver as unknown as { master: Pool }).master;
  }

  /** Plain SQL; give a `name` and the statement is prepared once a connection. */
  query<R extends QueryResultRow>(query: QueryConfig): Promise<QueryResult<R>> {
    return this.pool.query<R>(query);
  }

  transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.source.transaction(work);
  }
}

export function dataSourceOf({ name, entities, migrations, plansOnce }: ServiceDefinition, config: StoreConfig): DataSource {
  return new DataSource({
    type: 'postgres',
    url: config.DATABASE_URL,
    applicationName: name,
    entities: entities ?? [],
    migrations: [...EVENT_MIGRATIONS, ...(migrations ?? [])],
    synchronize: false,
    logging: false,
    poolSize: config.DATABASE_POOL,
    extra: {
      ...steadyPool(config.STATEMENT_TIMEOUT_MS, plansOnce ? '-c plan_cache_mode=force_generic_plan' : ''),
      idleTimeoutMillis: 30_000,
    },
  });
}

/** A service whose database is not there yet waits for it, a second at a time, rather than being started over and over. */
export async function connect(source: DataSource, log: Log): Promise<DataSource> {
  for (;;) {
    try {
      return await source.initialize();
    } catch (error) {
      if (!isPassing(error)) throw error;
      log.warn({ code: 'code' in (error as Error) ? (error as { code?: string }).code : undefined }, 'database.awaited');
      await setTimeout(1000);
    }
  }
}
