import type { ClientBase } from 'pg';
import { isNhsNumber } from '@carespine/fhir';
import { RetentionRefused } from './retention';

export interface Hold {
  caseReference: string;
  /** Patients whose accesses are held; none where everybody's are. */
  patients: number;
  everybody: boolean;
  placedAt: Date;
}

const CASE = /^[\w./-]{1,64}$/;

/** Litigation holds: what a court or an inquiry may ask for is not erased. By patient, or everything for a case. */
export class Holds {
  constructor(private readonly db: ClientBase) {}

  /** @param nhsNumbers none holds the accesses of everybody @throws RetentionRefused */
  async place(caseReference: string, nhsNumbers: readonly string[]): Promise<void> {
    requireNamed(caseReference, nhsNumbers);
    await this.db.query(
      `INSERT INTO litigation_holds (case_reference, nhs_number) SELECT $1, held.nhs_number FROM unnest($2::text[]) AS held (nhs_number)
        WHERE NOT EXISTS (SELECT FROM litigation_holds h
          WHERE h.case_reference = $1 AND h.nhs_number IS NOT DISTINCT FROM held.nhs_number AND h.released_at IS NULL)`,
      [caseReference, nhsNumbers.length > 0 ? nhsNumbers : [null]],
    );
  }

  /** Those that stand, without saying who is held. */
  async list(): Promise<Hold[]> {
    const { rows } = await this.db.query<{ case_reference: string; patients: number; everybody: boolean; placed_at: Date }>(
      `SELECT case_reference, count(nhs_number)::int AS patients, bool_or(nhs_number IS NULL) AS everybody, min(placed_at) AS placed_at
        FROM litigation_holds WHERE released_at IS NULL GROUP BY case_reference ORDER BY placed_at`,
    );
    return rows.map((row) => ({ caseReference: row.case_reference, patients: row.patients, everybody: row.everybody, placedAt: row.placed_at }));
  }

  /** NHS numbers that are held for the case. */
  async patientsOf(caseReference: string): Promise<string[]> {
    const { rows } = await this.db.query<{ nhs_number: string }>(
      'SELECT DISTINCT nhs_number FROM litigation_holds WHERE case_reference = $1 AND nhs_number IS NOT NULL AND released_at IS NULL ORDER BY 1',
      [caseReference],
    );
    return rows.map((row) => row.nhs_number);
  }

  /** @param nhsNumbers of the case; none releases all of it @throws RetentionRefused when there is no such hold */
  async release(caseReference: string, nhsNumbers: readonly string[]): Promise<void> {
    requireNamed(caseReference, nhsNumbers);
    const { rowCount } = await this.db.query(
      `UPDATE litigation_holds SET released_at = clock_timestamp()
        WHERE case_reference = $1 AND released_at IS NULL AND (cardinality($2::text[]) = 0 OR nhs_number = ANY($2::text[]))`,
      [caseReference, nhsNumbers],
    );
    if (!rowCount) throw new RetentionRefused(`There is no such hold for case ${caseReference}.`);
  }
}

/** @throws RetentionRefused for what is no case or no patient */
export function requireNamed(caseReference: string, nhsNumbers: readonly string[]): void {
  if (!CASE.test(caseReference)) throw new RetentionRefused('A case is named by 1 to 64 letters, digits, dots, slashes, hyphens or underscores.');
  if (!nhsNumbers.every(isNhsNumber)) throw new RetentionRefused('A patient is named by an NHS number.');
}
