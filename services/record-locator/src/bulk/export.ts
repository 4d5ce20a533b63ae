import type { Pool } from 'pg';

/** Pointers read at once. */
const BATCH_SIZE = 5000;

/**
 * All pointers of an organisation, by id, as FHIR JSON.
 *
 * @param onlyDeceased those of patients who died, by the record that counts where records were merged: for their producer to delete
 */
export async function* exportPointers(pool: Pool, organisation: string, onlyDeceased: boolean): AsyncGenerator<string[]> {
  let after = `${organisation}-`;
  for (;;) {
    // in the order of bytes, a dot follows a hyphen
    const { rows } = await pool.query<{ id: string; record: string }>({
      name: 'pointers-export',
      text: `SELECT id, record FROM pointers WHERE id > $1 AND id < $2
        AND (NOT $3 OR EXISTS (
          SELECT FROM patient_facts AS own JOIN patient_facts AS kept ON kept.nhs_number = coalesce(own.retained, own.nhs_number)
            WHERE own.nhs_number = pointers.nhs_number AND kept.deceased IS NOT NULL))
        ORDER BY id LIMIT ${BATCH_SIZE}`,
      values: [after, `${organisation}.`, onlyDeceased],
    });
    if (rows.length > 0) yield rows.map(({ record }) => record);
    if (rows.length < BATCH_SIZE) return;
    after = rows.at(-1)?.id ?? '';
  }
}
