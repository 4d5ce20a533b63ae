import type { ClientBase } from 'pg';

/** What may be erased, as settings say. */
export interface RetentionRule {
  /** Of every service that is not named below. */
  years: number;
  /** Service → years. */
  yearsOf: Record<string, number>;
}

/** What no setting shortens; the database's own functions say the same. */
export const YEARS_AT_LEAST = 8;
/** Of a service. @see audit specification, "Retention": 30 years for cancer pathway events */
export const YEARS_AT_LEAST_OF: Readonly<Record<string, number>> = { 'cancer-pathway': 30 };

/** The order cannot be carried out; the message says why. */
export class RetentionRefused extends Error {
  override readonly name = 'RetentionRefused';
}

/** Places of the log that one transaction looks at. */
const BATCH = 10_000;

/**
 * Erases the accesses of whoever has had none since the date, all of hers together, where all are past their retention: bytes, salt and what is searched.
 * Places and leaf hashes stay, so the log stays whole; each batch is said in a leaf of its own. Those under a hold stay.
 *
 * @param before midnight of this day, UTC
 * @param progress is told how many so far
 * @returns how many
 * @throws RetentionRefused when the date is within the retention, or everything is held
 * @see audit specification, "Retention"
 */
export async function eraseAccesses(db: ClientBase, before: Date, rule: RetentionRule, progress: (erased: number) => void, now = new Date()): Promise<number> {
  const { cutoff, longer } = limits(before, rule, now);
  await requireNoHoldOfAll(db);
  let erased = 0;
  for (let beyond = -1; ; ) {
    const { rows } = await db.query<{ accesses: number; last_index: string | null }>('SELECT * FROM erase_accesses($1, $2, $3, $4)', [cutoff, longer, beyond, BATCH]);
    const { accesses = 0, last_index = null } = rows[0] ?? {};
    erased += accesses;
    if (accesses > 0) progress(erased);
    if (last_index === null) return erased;
    beyond = Number(last_index);
  }
}

/** What {@link eraseAccesses} would erase, a service. */
export async function countErasable(db: ClientBase, before: Date, rule: RetentionRule, now = new Date()): Promise<{ service: string; accesses: number; held: number }[]> {
  const { cutoff, longer } = limits(before, rule, now);
  await requireNoHoldOfAll(db);
  const { rows } = await db.query<{ service: string; accesses: number; held: number }>(
    `SELECT service, count(*) FILTER (WHERE NOT held)::int AS accesses, count(*) FILTER (WHERE held)::int AS held
      FROM erasable_accesses($1, $2, -1, (SELECT max(next_index) FROM log_tail)) GROUP BY service ORDER BY service`,
    [cutoff, longer],
  );
  return rows;
}

export interface ErasedFiles {
  /** Subject access requests, with their documents. */
  requests: number;
  alerts: number;
}

/**
 * Erases the files of subject access requests 3 years after they were closed and 6 after an appeal, and of alerts after 10; those of patients under a hold stay.
 *
 * @param isDryRun only counts them
 */
export async function eraseFiles(db: ClientBase, isDryRun: boolean): Promise<ErasedFiles> {
  await db.query('BEGIN');
  const { rows } = await db.query<ErasedFiles>('SELECT requests, alerts FROM erase_closed_files()');
  await db.query(isDryRun ? 'ROLLBACK' : 'COMMIT');
  return rows[0] ?? { requests: 0, alerts: 0 };
}

function limits(before: Date, { years, yearsOf }: RetentionRule, now: Date): { cutoff: Date; longer: string } {
  const oldest = yearsBefore(now, years);
  if (before > oldest) throw new RetentionRefused(`Accesses are kept for ${years} years: choose a date until ${oldest.toISOString().slice(0, 10)}.`);
  const longer = Object.entries(yearsOf).map(([service, kept]) => [service, new Date(Math.min(before.getTime(), yearsBefore(now, Math.max(kept, years)).getTime()))]);
  return { cutoff: before, longer: JSON.stringify(Object.fromEntries(longer)) };
}

export function yearsBefore(now: Date, years: number): Date {
  const then = new Date(now);
  then.setUTCFullYear(then.getUTCFullYear() - years);
  return then;
}

async function requireNoHoldOfAll(db: ClientBase): Promise<void> {
  const { rows } = await db.query<{ case_reference: string }>('SELECT case_reference FROM litigation_holds WHERE nhs_number IS NULL AND released_at IS NULL LIMIT 1');
  if (rows[0]) throw new RetentionRefused(`Everything is held for case ${rows[0].case_reference}: nothing is erased until it is released.`);
}
