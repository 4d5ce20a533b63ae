import { aDatabase, type TestDatabase } from '@carespine/test-kit';
import { Pool, type QueryConfig } from 'pg';
import type { QueryRunner } from 'typeorm';
import { CreatePatients20261124090000 } from '../../migrations/20261124090000-create-patients';
import { parseSearch } from './search-parameters';
import { candidateFacts, candidateNames, recordsOf, searchByFamily, successorsOf } from './search-sql';

let database: TestDatabase;
let pool: Pool;

/** 40,000 people of 2,000 family names, born over 60 years. */
beforeAll(async () => {
  database = await aDatabase('search_plans');
  pool = new Pool({ connectionString: database.url });
  await new CreatePatients20261124090000().up({ query: (sql: string) => pool.query(sql) } as unknown as QueryRunner);
  await pool.query(`
    CREATE TEMP TABLE people AS
      SELECT '9' || lpad(i::text, 9, '0') AS nhs_number, date '1950-01-01' + i * 7919 % 21900 AS birth_date,
        translate(i * 31 % 2000 || 'x', '0123456789', 'bdfgklmrst') AS family
      FROM generate_series(1, 40000) i;
    INSERT INTO patients SELECT nhs_number, 1, CASE WHEN nhs_number LIKE '%99' THEN 'superseded' ELSE 'active' END,
        CASE WHEN nhs_number LIKE '%99' THEN '9000000001' END, 'U', repeat(md5(nhs_number), 30), NULL, birth_date, 'female', NULL, 'A20047',
        ARRAY['LS16AE'], '{}', '{}', '{}', '{}', '{}'
      FROM people;
    INSERT INTO patient_names SELECT nhs_number, birth_date, family, ARRAY['jane', 'marie'], false FROM people;
    ANALYZE patients, patient_names`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const asked = (query: Record<string, unknown>) => parseSearch({ birthdate: '1985-10-22', ...query }, 'user-restricted');
const byFamily = (query: Record<string, unknown>) => searchByFamily(asked(query), 200);
const fuzzy = (query: Record<string, unknown>) => asked({ '_fuzzy-match': 'true', ...query });
const range = { birthdate: ['ge1980-01-01', 'le1989-12-31'] };
const allElse = {
  given: ['jan*', 'marie'], gender: 'female', 'address-postalcode': 'LS1*', email: 'a@b.example', phone: '0163', _history: 'true',
  'general-practitioner': 'A20047', 'managing-organization': 'A20047', 'death-date': 'ge2020-01-01',
}; // prettier-ignore
const numbers = Array.from({ length: 50 }, (_, i) => `9${String(i).padStart(9, '0')}`);

describe('Hot queries read by index', () => {
  it.each<[string, QueryConfig]>([
    ['family on a day', byFamily({ family: 'bdfx' })],
    ['family on a day, all else', byFamily({ family: 'bdfx', ...allElse })],
    ['beginning of family on a day', byFamily({ family: 'bd*' })],
    ['family in ten years', byFamily({ family: 'bdfx', ...range })],
    ['family in ten years, all else', byFamily({ family: 'bdfx', ...allElse, ...range })],
    ['beginning of family in ten years', byFamily({ family: 'bdf*', ...range })],
    ['fuzzy on a day', candidateNames(fuzzy({ family: 'bdfx', given: 'jane' }))],
    ['fuzzy on a day without family', candidateNames(fuzzy({ given: 'jane', gender: 'female', 'address-postalcode': 'LS1 6AE' }))],
    ['fuzzy in ten years', candidateNames(fuzzy({ family: 'bdfx', given: 'jane', ...range }))],
    ['facts of fuzzy candidates', candidateFacts(fuzzy({ family: 'bdfx', given: 'jane' }), numbers)],
    ['successors', successorsOf(numbers.slice(0, 3))],
    ['records', recordsOf(asked({ family: 'bdfx' }), numbers)],
  ])('%s, planned for its values and for any', async (_, { text, values }) => {
    await pool.query(text, values);
    expect(await plan(`EXPLAIN ${text}`, values)).not.toContain('Seq Scan');
    expect(await plan(`EXPLAIN (GENERIC_PLAN) ${text}`)).not.toContain('Seq Scan');
  });

  it('a handful of prepared statements serve every combination of criteria', () => {
    const named = [byFamily({ family: 'bdfx' }), byFamily({ family: 'bdfx', ...allElse })];
    expect(new Set(named.map(({ name, text }) => `${name}: ${text}`)).size).toBe(1);
  });
});

async function plan(sql: string, values?: unknown[]): Promise<string> {
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(sql, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
