import type { Pool } from 'pg';
import { systemClock } from './clock';

/**
 * For how long an inbox remembers what was applied. The retention rule's reason: an event can come again only while its log may hand it
 * out again – seconds later from a relay or a consumer that was killed, days later from a group whose places were lost. A replay of an
 * older dead letter goes only to the service that has never applied it, and is remembered from then on.
 */
export const INBOX_HORIZON_DAYS = 30;

const STEP = 5_000;
const BETWEEN_STEPS_MS = 200;
const BETWEEN_ROUNDS_MS = 3_600_000;

/** UUIDv7 begins with its time, so old events stand together in the index; a replayed old event is spared by its own time. */
const PRUNE = `DELETE FROM inbox WHERE event_id IN (
  SELECT event_id FROM inbox WHERE event_id < $1 AND applied_at < $2 ORDER BY event_id LIMIT ${STEP})`;

/** @returns how many ids were forgotten: less than a step when no more are too old */
export async function pruneInbox(pool: Pool, now = new Date()): Promise<number> {
  const horizon = new Date(now.getTime() - INBOX_HORIZON_DAYS * 86_400_000);
  return (await pool.query(PRUNE, [firstIdOf(horizon), horizon])).rowCount ?? 0;
}

/** Prunes every hour, in steps that leave the consumer its turn. @returns what ends it */
export function keepInboxPruned(pool: Pool): () => void {
  let callOff = (): void => undefined;
  const after = (ms: number): void => {
    callOff = systemClock.after(ms, () => void step());
  };
  const step = async (): Promise<void> => {
    const pruned = await pruneInbox(pool).catch(() => 0);
    after(pruned === STEP ? BETWEEN_STEPS_MS : BETWEEN_ROUNDS_MS);
  };
  after(BETWEEN_ROUNDS_MS);
  return () => callOff();
}

/** The smallest UUIDv7 of a millisecond. */
function firstIdOf(instant: Date): string {
  const hex = instant.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
