import { setTimeout } from 'node:timers/promises';
import { Client, DatabaseError, type ClientBase } from 'pg';
import type { Findings } from './findings';

const TOPIC = 'audit.access.v1';
const PATIENCE_MS = 10_000;
const UNDEFINED_TABLE = '42P01';

/** Accesses that a service has recorded, as it counts them. */
interface Emitted {
  /** That left its outbox, in whatever way, but for those that the event log refused. */
  carried: number;
  /** That wait there, or were refused. */
  waiting: number;
}

export interface Counts {
  emitted: Map<string, Emitted>;
  /** Services whose database did not answer. */
  unreachable: string[];
}

/** @param databases service → address of its database */
export async function readCounts(databases: Record<string, string>): Promise<Counts> {
  const counts: Counts = { emitted: new Map(), unreachable: [] };
  for (const [service, connectionString] of Object.entries(databases)) {
    const client = new Client({ connectionString, connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS });
    client.on('error', () => undefined); // the query in hand tells
    try {
      await client.connect();
      // one statement, one snapshot: a row that leaves the outbox is in the tally
      const { rows } = await client.query<{ carried: string; waiting: string }>(
        `SELECT coalesce((SELECT sum(carried) FROM outbox_tally WHERE topic = $1), 0) - refused AS carried,
          (SELECT count(*) FROM outbox WHERE topic = $1) + refused AS waiting FROM (SELECT count(*) AS refused FROM outbox_refused WHERE topic = $1) AS aside`,
        [TOPIC],
      );
      counts.emitted.set(service, { carried: Number(rows[0]?.carried), waiting: Number(rows[0]?.waiting) });
    } catch (error) {
      // a count that is gone from a database that is there counts nothing: then the log holds too much
      if (error instanceof DatabaseError && error.code === UNDEFINED_TABLE) counts.emitted.set(service, { carried: 0, waiting: 0 });
      else counts.unreachable.push(service);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return counts;
}

/** What was read of the log. */
export interface CountedLog {
  /** Service → accesses in the log before `end`. */
  accessesOf: ReadonlyMap<string, number>;
  end: number;
  /** Service → by how much it is known to have counted more. */
  accepted: ReadonlyMap<string, number>;
}

/**
 * Nothing that had left a service's outbox before the log was read is missing from it. What is on its way is waited for, and then asked after.
 *
 * @param before counted before the log was read
 * @param onTheWay accesses that stand between the outboxes and the log: not applied yet, or put aside and open
 * @param db outside of any snapshot
 * @returns how many are not in the log and known to be on their way
 */
export async function checkEmitted(
  before: Counts,
  { accessesOf, end, accepted }: CountedLog,
  { onTheWay, patienceMs }: { onTheWay: () => Promise<number>; patienceMs: number },
  db: ClientBase,
  findings: Findings,
): Promise<number> {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    const { rows } = await db.query<{ service: string; later: number }>(
      `SELECT CASE WHEN EXISTS (SELECT FROM fed_events f WHERE f.event_id = e.event_id) THEN 'audit' ELSE service END AS service, count(*)::int AS later
        FROM access_events AS e WHERE leaf_index >= $1 GROUP BY 1`,
      [end],
    );
    const later = new Map(rows.map((row) => [row.service, row.later]));
    const missing = [...before.emitted]
      .map(([service, { carried }]) => [service, carried - (accepted.get(service) ?? 0) - (accessesOf.get(service) ?? 0) - (later.get(service) ?? 0)] as const)
      .filter(([, accesses]) => accesses > 0);
    if (missing.length === 0) return 0;
    if (Date.now() > giveUpAt) {
      const all = missing.reduce((sum, [, accesses]) => sum + accesses, 0);
      if (all <= (await onTheWay())) return all;
      for (const [service, accesses] of missing) findings.add('emitted-missing', service, accesses);
      return 0;
    }
    await setTimeout(200);
  }
}

/**
 * The log holds no access that nobody recorded, and none of a service that nobody counts.
 *
 * @param after counted after the log was read
 */
export function checkNotInvented({ emitted, unreachable }: Counts, { accessesOf, accepted }: CountedLog, findings: Findings): void {
  if (emitted.size === 0) return;
  for (const [service, accesses] of accessesOf) {
    if (unreachable.includes(service)) continue;
    const { carried, waiting } = emitted.get(service) ?? { carried: 0, waiting: 0 };
    const invented = accesses - (carried + waiting - (accepted.get(service) ?? 0));
    if (invented > 0) findings.add('never-emitted', service, invented);
  }
}
