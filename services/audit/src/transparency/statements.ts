import type { EntityManager } from 'typeorm';
import { leafHash, statementLeafData } from '@carespine/transparency-log';

/**
 * Puts what the log itself has to say into a leaf of its own, in the caller's transaction.
 *
 * @param statement free of personal data: it stays for ever
 * @returns its leaf index
 */
export async function placeStatement(tx: Pick<EntityManager, 'query'>, statement: object): Promise<number> {
  const text = JSON.stringify(statement);
  // the row lock makes writers take turns: places become visible in order
  const [tail] = (await tx.query('SELECT next_index FROM log_tail FOR UPDATE')) as { next_index: string }[];
  const index = Number(tail?.next_index ?? 0);
  await tx.query('UPDATE log_tail SET next_index = $1', [index + 1]);
  await tx.query('INSERT INTO log_statements (leaf_index, statement, leaf_hash) VALUES ($1, $2, $3)', [index, text, leafHash(statementLeafData(text))]);
  return index;
}
