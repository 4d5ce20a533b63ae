import type { Patient } from '@carespine/fhir';
import { Pool } from 'pg';
import type { QueryRunner } from 'typeorm';
import { CreatePatients20261124090000 } from '../../migrations/20261124090000-create-patients';
import type { Publish } from './load';

/** The tables of demographics in an empty database, and what was published with their changes. */
export async function aRegister(database: { url: string; drop(): Promise<void> }) {
  const pool = new Pool({ connectionString: database.url });
  await new CreatePatients20261124090000().up({ query: (sql: string) => pool.query(sql) } as unknown as QueryRunner);
  const published: Patient[] = [];
  const republished = new Set<string>();
  const publish: Publish = (_, patients, replaced = new Set()) => {
    published.push(...patients);
    for (const { id } of patients) if (replaced.has(id)) republished.add(id);
    return Promise.resolve();
  };
  return {
    pool,
    published,
    /** Of those, what was loaded over an earlier version. */
    republished,
    publish,
    count: async (table: string) => Number((await pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]!.count),
    row: async (nhsNumber: string) => (await pool.query<Record<string, unknown>>('SELECT * FROM patients WHERE nhs_number = $1', [nhsNumber])).rows[0],
    async close() {
      await pool.end();
      await database.drop();
    },
  };
}
