import type { ClientBase, Pool } from 'pg';

/** Stops publishing; what is published stays readable. @param reason free of personal data */
export async function freeze(db: ClientBase | Pool, reason: string): Promise<void> {
  await db.query('INSERT INTO log_freeze (reason) SELECT $1 WHERE NOT EXISTS (SELECT FROM log_freeze WHERE thawed_at IS NULL)', [reason]);
}

/** @returns whether publishing was frozen */
export async function thaw(db: ClientBase): Promise<boolean> {
  const { rowCount } = await db.query('UPDATE log_freeze SET thawed_at = clock_timestamp() WHERE thawed_at IS NULL');
  return (rowCount ?? 0) > 0;
}
