import type { Period } from './period';

/**
 * The month (UTC) of an access, by which its indexes begin: what is written now stands close together, however long the log has become.
 * A search says which months it spans; one that does not looks into each.
 */
export const MONTH = `date_trunc('month', recorded AT TIME ZONE 'UTC')`;

/** @returns the months that a period touches, as their first days, newest last; for `= ANY($n::timestamp[])` */
export function monthsOf({ from, to }: Period): string[] {
  const months: string[] = [];
  for (let month = Date.UTC(from.getUTCFullYear(), from.getUTCMonth()); month <= to.getTime(); ) {
    const first = new Date(month);
    months.push(first.toISOString().slice(0, 10));
    month = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1);
  }
  return months;
}
