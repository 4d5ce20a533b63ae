import type { ClientBase } from 'pg';
import type { Findings } from './findings';

/** What a statement of erasure names is what was erased, and nothing else was. That an erased event is empty is seen when leaves are read. */
export async function checkErasures(db: ClientBase, findings: Findings): Promise<void> {
  const { rows } = await db.query<{ erasure: string; accesses: string; indices: string; statement: string | null }>(
    `SELECT coalesce(erasure, leaf_index) AS erasure, coalesce(accesses, 0) AS accesses, coalesce(indices, '') AS indices, statement
      FROM (SELECT erasure, count(*) AS accesses,
          encode(sha256(convert_to(string_agg(leaf_index::text, E'\\n' ORDER BY leaf_index), 'UTF8')), 'base64') AS indices
        FROM erased_leaves GROUP BY erasure) AS erased
      FULL JOIN (SELECT leaf_index, statement FROM log_statements WHERE statement::jsonb ->> 'statement' = 'erasure') AS said ON leaf_index = erasure`,
  );
  for (const row of rows) {
    const said = JSON.parse(row.statement ?? '{}') as { accesses?: number; indices?: string };
    if (said.accesses !== Number(row.accesses) || said.indices !== row.indices) findings.add('erasure-unlawful', `statement ${row.erasure}`);
  }
  const gone = await db.query<{ leaf_index: string }>(
    'SELECT leaf_index FROM erased_leaves x WHERE NOT EXISTS (SELECT FROM access_events e WHERE e.leaf_index = x.leaf_index) LIMIT 1000',
  );
  for (const { leaf_index } of gone.rows) findings.add('erasure-unlawful', leaf_index);
}
