import type { Pool, PoolClient } from 'pg';

/** What the work writes commits when it resolves, and is undone when it rejects; a connection that broke is not used again. */
export async function inTransaction<T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    const result = await work(tx);
    // of a transaction that a failed statement has aborted, PostgreSQL answers COMMIT with ROLLBACK, and no error
    if ((await tx.query('COMMIT')).command !== 'COMMIT') throw new Error('the transaction was rolled back');
    tx.release();
    return result;
  } catch (error) {
    await tx.query('ROLLBACK').then(
      () => tx.release(),
      (broken: Error) => tx.release(broken),
    );
    throw error;
  }
}
