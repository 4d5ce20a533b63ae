import type { Patient } from '@carespine/fhir';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Batch } from './batch';
import { COPY_NAMES, COPY_PATIENTS } from './copy-text';
import { LARGEST_POPULATION } from './generate';
import type { Span } from './generated-batches';

/**
 * Hands on, in the same transaction, the patients whose state other services keep.
 *
 * @param replaced numbers of which an earlier version was here; none when absent
 */
export type Publish = (client: PoolClient, patients: Patient[], replaced?: ReadonlySet<string>) => Promise<void>;

export interface Load {
  seed: number;
  /** How many generated people there are to be in all. */
  patients: number;
  /** London calendar date. */
  today: string;
  batches: (span: Span) => Iterable<Batch> | AsyncIterable<Batch>;
  publish: Publish;
  /** Called after each transaction with the number of people there are by now. */
  report?: (loaded: number) => void;
}

/**
 * Loads generated people until there are as many as asked for. Each batch is one transaction and remembered in it, so that an
 * interrupted load goes on where it stopped and a finished one does nothing.
 *
 * @returns how many were loaded by this call
 * @throws Error when the database holds a population of another seed: it has the same NHS numbers
 */
export async function loadPopulation(pool: Pool, { seed, patients, today, batches, publish, report }: Load): Promise<number> {
  if (patients > LARGEST_POPULATION) throw new Error(`A population has ${LARGEST_POPULATION} people at most.`);
  const client = await pool.connect();
  // whoever uses the connection learns of its end from the query in hand
  client.on('error', () => undefined);
  try {
    const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(hashtext('population')) AS locked`);
    if (!rows[0]?.locked) throw new Error('Another population is being loaded: wait for it to end.');
    const before = await loadedOf(client, seed);
    let loaded = before;
    for await (const batch of batches({ seed, from: before, to: patients, today })) {
      await client.query('BEGIN');
      await copyBatch(client, batch).catch(explained);
      if (batch.notable.length > 0) await publish(client, batch.notable);
      loaded += batch.count;
      await client.query('UPDATE populations SET patients = $2 WHERE seed = $1', [seed, loaded]);
      await client.query('COMMIT');
      report?.(loaded);
    }
    // so that the first readers need not mark a million rows as committed
    if (loaded > before) await client.query('VACUUM (ANALYZE) patients, patient_names');
    return loaded - before;
  } finally {
    // the lock, and a transaction that failed half-way, end with the connection
    client.release(true);
  }
}

function explained(error: Error & { code?: string }): never {
  if (error.code !== '23505') throw error;
  throw new Error('The database holds other records under the NHS numbers of the generated population (910 to 989): use an empty database.');
}

async function loadedOf(client: PoolClient, seed: number): Promise<number> {
  const { rows } = await client.query<{ seed: number; patients: number }>('SELECT seed, patients FROM populations');
  const [population] = rows;
  if (population && population.seed !== seed) {
    throw new Error(`The database holds a population of seed ${population.seed}, and this one would have the same NHS numbers: load that, or start from an empty database.`);
  }
  if (!population) await client.query('INSERT INTO populations (seed, patients) VALUES ($1, 0)', [seed]);
  return population?.patients ?? 0;
}

export async function copyBatch(client: PoolClient, batch: Batch): Promise<void> {
  await copy(client, COPY_PATIENTS, batch.patients);
  if (batch.names.length > 0) await copy(client, COPY_NAMES, batch.names);
}

function copy(client: PoolClient, statement: string, lines: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(copyFrom(statement)).on('error', reject).on('finish', resolve).end(lines);
  });
}
