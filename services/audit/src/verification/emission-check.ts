import { setTimeout } from 'node:timers/promises';
import { Client, type ClientBase } from 'pg';
import type { Findings } from './findings';

/** Accesses that each service has recorded, as far as it counts them: what left its outbox, and what waits there. */
export type Emitted = Map<string, number>;

/** @param databases service → address of its database; those without a tally are left out */
export async function readEmitted(databases: Record<string, string>): Promise<Emitted> {
  const emitted: Emitted = new Map();
  for (const [service, connectionString] of Object.entries(databases)) {
    const client = new Client({ connectionString });
    client.on('error', () => undefined); // the query in hand tells
    await client.connect();
    try {
      const { rows } = await client.query<{ counted: boolean }>(`SELECT to_regclass('outbox_tally') IS NOT NULL AS counted`);
      if (!rows[0]?.counted) continue;
      // one statement, one snapshot: a row that leaves the outbox is in the tally
      const { rows: counts } = await client.query<{ emitted: string }>(
        `SELECT coalesce((SELECT sum(carried) FROM outbox_tally WHERE topic = $1), 0) + (SELECT count(*) FROM outbox WHERE topic = $1)
          + (SELECT count(*) FROM outbox_refused WHERE topic = $1) AS emitted`,
        ['audit.access.v1'],
      );
      emitted.set(service, Number(counts[0]?.emitted));
    } finally {
      await client.end();
    }
  }
  return emitted;
}

/**
 * Nothing that was recorded before the log was read is missing from it; what was on its way is waited for.
 *
 * @param tree what was read: accesses in the log before `end`, a service
 * @param db outside of any snapshot
 */
export async function checkEmitted(
  before: Emitted,
  { accessesOf, end, patienceMs }: { accessesOf: ReadonlyMap<string, number>; end: number; patienceMs: number },
  db: ClientBase,
  findings: Findings,
): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  for (const [service, emitted] of before) {
    for (;;) {
      const { rows } = await db.query<{ later: number }>(
        `SELECT count(*)::int AS later FROM access_events AS e
          WHERE leaf_index >= $1 AND CASE WHEN EXISTS (SELECT FROM fed_events f WHERE f.event_id = e.event_id) THEN 'audit' ELSE service END = $2`,
        [end, service],
      );
      const missing = emitted - (accessesOf.get(service) ?? 0) - (rows[0]?.later ?? 0);
      if (missing <= 0) break;
      if (Date.now() > giveUpAt) {
        findings.add('emitted-missing', service, missing);
        break;
      }
      await setTimeout(200);
    }
  }
}

/** The log holds no access that nobody recorded. @param after read after the log was */
export async function checkNotInvented(after: Emitted, accessesOf: ReadonlyMap<string, number>, db: ClientBase, findings: Findings): Promise<void> {
  const { rows } = await db.query<{ service: string; accesses: string }>('SELECT service, accesses FROM uncounted_accesses');
  const uncounted = new Map(rows.map(({ service, accesses }) => [service, Number(accesses)]));
  for (const [service, emitted] of after) {
    const invented = (accessesOf.get(service) ?? 0) - emitted - (uncounted.get(service) ?? 0);
    if (invented > 0) findings.add('never-emitted', service, invented);
  }
}
