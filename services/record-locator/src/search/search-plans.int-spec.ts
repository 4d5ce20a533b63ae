import { aDatabase, type TestDatabase } from '@carespine/test-kit';
import { Pool } from 'pg';
import type { QueryRunner } from 'typeorm';
import { CreatePointers20261124130000 } from '../../migrations/20261124130000-create-pointers';
import { searchOf, type Asked } from './pointer-search';

let database: TestDatabase;
let pool: Pool;

/** 60,000 pointers of 20,000 patients, one in a hundred of whom was merged. */
beforeAll(async () => {
  database = await aDatabase('pointer_plans');
  pool = new Pool({ connectionString: database.url });
  await new CreatePointers20261124130000().up({ query: (sql: string) => pool.query(sql) } as unknown as QueryRunner);
  await pool.query(`
    INSERT INTO pointers SELECT 'RZZ01-' || i, '9' || lpad((i % 20000)::text, 9, '0'), (ARRAY['736253002', '887701000000100', '736373009'])[1 + i % 3], 'RZZ01', now(), repeat(md5(i::text), 50)
      FROM generate_series(1, 60000) i;
    INSERT INTO patient_facts (nhs_number, superseded_by, retained)
      SELECT '9' || lpad(i::text, 9, '0'), '9' || lpad((i + 1)::text, 9, '0'), '9' || lpad((i + 1)::text, 9, '0') FROM generate_series(100, 20000, 100) i;
    ANALYZE pointers, patient_facts`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const asked = (n: number): Asked => ({
  nhsNumber: `9${String(n).padStart(9, '0')}`,
  types: ['736253002', '736373009'],
  organisation: 'RZZ01',
  seesRestricted: false,
});

describe('The search for pointers reads by index', () => {
  it.each([1, 64])('for %i at once, planned for its values and for any', async (searches) => {
    const { text, values } = searchOf(Array.from({ length: searches }, (_, n) => asked(n * 7 + 100)));
    expect((await pool.query(text, values)).rowCount).toBeGreaterThan(0);
    for (const plan of [await pool.query(`EXPLAIN ${text}`, values), await pool.query(`EXPLAIN (GENERIC_PLAN) ${text}`)]) {
      const lines = (plan.rows as { 'QUERY PLAN': string }[]).map((row) => row['QUERY PLAN']).join('\n');
      expect(lines).toMatch(/Index Scan using pointers_by_patient/);
      expect(lines).not.toMatch(/Seq Scan on pointers/);
    }
  });
});
