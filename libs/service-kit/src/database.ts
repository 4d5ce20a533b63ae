import { setTimeout } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import type { Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { AddOutboxTally20261124111500, CountWhateverLeavesOutbox20261124143100, CreateOutboxAndInbox20261124080000, SteadyClient } from '@carespine/events';
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
    migrations: [CreateOutboxAndInbox20261124080000, AddOutboxTally20261124111500, CountWhateverLeavesOutbox20261124143100, ...(migrations ?? [])],
    synchronize: false,
    logging: false,
    poolSize: config.DATABASE_POOL,
    extra: {
      Client: SteadyClient,
      connectionTimeoutMillis: 3000,
      idleTimeoutMillis: 30_000,
      statement_timeout: config.STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      ...(plansOnce && { options: '-c plan_cache_mode=force_generic_plan' }),
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

/** Codes and messages of a database or network that is not there now, but may be in a moment. */
const PASSING = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P01', '57P02', '57P03', '53300', '57014', '40001', '40P01', '25006']);
const PASSING_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|not queryable|Driver not Connected|Cannot use a pool after/i;

/** The database could not be reached or gave up; the same request may succeed later. */
export function isPassing(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  if (PASSING.has(code) || code.startsWith('08') || PASSING_MESSAGE.test(error.message)) return true;
  if (error instanceof AggregateError) return error.errors.some(isPassing);
  return 'driverError' in error && isPassing(error.driverError);
}
