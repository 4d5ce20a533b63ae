import type { Pool, PoolClient } from 'pg';

/**
 * Every NHS number of each patient: the one asked, first; what it was merged into, and all that were merged into those, over any number of merges.
 *
 * @returns by the number asked
 */
export async function numbersOf(nhsNumbers: readonly string[], db: Pool | PoolClient): Promise<Map<string, string[]>> {
  const { rows } = await db.query<{ asked: string; number: string }>({
    name: 'merged-numbers',
    text: `WITH RECURSIVE retained AS (
        SELECT asked, asked AS number FROM unnest($1::text[]) AS given (asked)
        UNION SELECT asked, facts.superseded_by FROM retained JOIN patient_facts AS facts ON facts.nhs_number = retained.number WHERE facts.superseded_by IS NOT NULL
      ), merged AS (
        SELECT asked, number FROM retained
        UNION SELECT asked, facts.nhs_number FROM merged JOIN patient_facts AS facts ON facts.superseded_by = merged.number
      )
      SELECT asked, number FROM merged WHERE number <> asked ORDER BY number`,
    values: [nhsNumbers],
  });
  const numbers = new Map(nhsNumbers.map((nhsNumber) => [nhsNumber, [nhsNumber]]));
  for (const { asked, number } of rows) numbers.get(asked)?.push(number);
  return numbers;
}
