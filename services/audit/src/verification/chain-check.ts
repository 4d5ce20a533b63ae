import type { ClientBase } from 'pg';
import { FIRST_OF_CHAIN } from '../transparency/leaf';
import type { Findings } from './findings';

const FEW = 1000;

/** Each access names the one before it of the same patient, and what is kept of every patient is the end of that chain. Erasure takes whole chains. */
export async function checkChains(db: ClientBase, findings: Findings): Promise<void> {
  const broken = await db.query<{ leaf_index: string }>(
    `SELECT leaf_index FROM (
        SELECT leaf_index, previous_leaf, CASE WHEN nhs_number <> '' THEN lag(leaf_hash) OVER (PARTITION BY nhs_number ORDER BY leaf_index) END AS before
        FROM access_events WHERE salt <> ''
      ) AS linked
      WHERE previous_leaf IS DISTINCT FROM coalesce(before, $1::bytea) ORDER BY leaf_index LIMIT ${FEW}`,
    [FIRST_OF_CHAIN],
  );
  for (const { leaf_index } of broken.rows) findings.add('chain-broken', leaf_index);
  const ends = await db.query<{ last: string | null }>(
    `SELECT chain.last FROM (SELECT nhs_number, max(leaf_index) AS last, count(*) AS times FROM access_events WHERE nhs_number <> '' GROUP BY nhs_number) AS chain
      LEFT JOIN access_events AS newest ON newest.leaf_index = chain.last
      FULL JOIN patient_chain AS kept ON kept.nhs_number = chain.nhs_number
      WHERE kept.accesses IS DISTINCT FROM chain.times OR kept.last_leaf IS DISTINCT FROM newest.leaf_hash
      LIMIT ${FEW}`,
  );
  for (const { last } of ends.rows) findings.add('chain-end', last ?? 'a patient without accesses');
}
