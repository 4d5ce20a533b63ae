import { Client, DatabaseError } from 'pg';
import { deadLetters, type EventLog } from '@carespine/events';
import { NoteFault, openNote } from '@carespine/transparency-log';
import type { LogKeys } from '../transparency/log-keys';
import type { SummaryKey } from '../transparency/summary-key';
import { checkChains } from './chain-check';
import { checkEmitted, checkNotInvented, readCounts } from './emission-check';
import { Findings, type Finding } from './findings';
import { checkStatements } from './statement-check';
import { checkSummaries } from './summary-check';
import { TreeCheck, type Extent } from './tree-check';

export interface VerificationReport {
  leaves: number;
  /** Leaves that a checkpoint covers. */
  published: number;
  checkpoints: number;
  /** Services whose own count was held against the log. */
  counted: string[];
  /** Services whose count could not be read: nothing is said of them. */
  unreachable: string[];
  /** Accesses that have left a service's outbox and are known to be on their way to the log. */
  onTheWay: number;
  /** Empty when all is as it was signed. */
  findings: Finding[];
}

export interface VerificationOrder {
  databaseUrl: string;
  keys: Pick<LogKeys, 'origin' | 'verifiers' | 'witnesses'>;
  summaryKey: SummaryKey;
  serviceDatabases: Record<string, string>;
  /** Between the outboxes and the log. */
  eventLog: Pick<EventLog, 'append' | 'history' | 'lag'>;
  progress?: (done: number, of: number) => void;
  /** How long accesses that were recorded and are on their way are waited for. */
  patienceMs?: number;
}

/**
 * Makes the tree anew from the stored events and holds it against every checkpoint ever kept; then tiles, columns, chains, statements, summaries and counts.
 * Reads one snapshot, beside the running service.
 *
 * @see audit specification, "Tamper evidence": a verifier command re-computes the tree from stored events and compares all checkpoints kept
 */
export async function verifyLog(order: VerificationOrder): Promise<VerificationReport> {
  const { databaseUrl, keys, summaryKey, serviceDatabases, eventLog, progress = () => undefined, patienceMs = 30_000 } = order;
  const findings = new Findings();
  const before = await readCounts(serviceDatabases);
  const report = { leaves: 0, published: 0, checkpoints: 0, counted: [...before.emitted.keys()], unreachable: before.unreachable, onTheWay: 0 };
  const db = new Client({ connectionString: databaseUrl, application_name: 'audit verify' });
  db.on('error', () => undefined); // the query in hand tells
  await db.connect();
  try {
    await db.query('SET statement_timeout = 0');
    await db.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const extent = await extentOf(db, findings);
    Object.assign(report, extent);
    const tree = new TreeCheck(db, keys.origin, keys.verifiers, findings, progress);
    await tree.run(extent);
    report.checkpoints = tree.checkpoints;
    await checkTileSizes(db, extent, findings);
    await checkCosignatures(db, keys, findings);
    await checkChains(db, findings);
    const accepted = await checkStatements(db, keys.verifiers, findings);
    await checkSummaries(db, summaryKey, findings);
    await db.query('COMMIT');
    await askWitnesses(db, keys, findings);
    const counted = { accessesOf: tree.accessesOf, end: extent.leaves, accepted };
    report.onTheWay = await checkEmitted(before, counted, { onTheWay: () => accessesIn(eventLog), patienceMs }, db, findings);
    const after = await readCounts(serviceDatabases);
    report.unreachable = [...new Set([...before.unreachable, ...after.unreachable])];
    checkNotInvented(after, counted, findings);
  } catch (error) {
    if (!isOfTheData(error)) throw error;
    findings.add('unreadable', error instanceof DatabaseError ? (error.code ?? error.name) : error.name);
  } finally {
    await db.end();
  }
  return { ...report, findings: findings.all };
}

/** What no running service stores, and no database does that is merely away: a value out of its range (22), a table or column that is gone (42). */
function isOfTheData(error: unknown): error is Error {
  if (error instanceof DatabaseError) return /^(22|42)/.test(error.code ?? '');
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

/** Accesses that a log of events holds and this service has not applied: it is behind, or they were put aside. */
async function accessesIn(log: VerificationOrder['eventLog']): Promise<number> {
  const [lag, letters] = await Promise.all([log.lag([TOPIC]), deadLetters(log).list({ topic: TOPIC })]);
  return (lag.get(TOPIC) ?? 0) + letters.filter(({ consumer }) => consumer === 'audit').length;
}

/** Leaves without a row that are looked for one by one. */
const MOST_MISSING = 100_000;
const COSIGNATURES = 1000;
const TOPIC = 'audit.access.v1';

async function extentOf(db: Client, findings: Findings): Promise<Extent> {
  const { rows } = await db.query<{ tail: string | null; tails: number; newest: string | null; published: string | null; stored: string }>(
    `SELECT max(next_index) AS tail, count(*)::int AS tails, (SELECT max(tree_size) FROM checkpoints) AS published,
      (SELECT count(*) FROM access_events) + (SELECT count(*) FROM log_statements) AS stored,
      (SELECT greatest((SELECT max(leaf_index) FROM access_events), (SELECT max(leaf_index) FROM log_statements))) AS newest FROM log_tail`,
  );
  const [row] = rows;
  const [tail, placed, published] = [Number(row?.tail ?? 0), row?.newest ? Number(row.newest) + 1 : 0, Number(row?.published ?? 0)];
  if (row?.tails !== 1 || tail < placed) findings.add('leaf-out-of-place', `tail ${tail}`);
  // leaves that are missing, or lie beyond the tail, are named one by one, but for numbers that are plainly made up
  const leaves = Math.min(Math.max(tail, placed), Number(row?.stored ?? 0) + MOST_MISSING);
  if (placed > leaves) findings.add('leaf-out-of-place', placed - 1);
  if (tail > leaves) findings.add('leaf-missing', leaves, tail - leaves);
  const { rows: outside } = await db.query<{ leaf_index: string }>(
    'SELECT leaf_index FROM access_events WHERE leaf_index < 0 UNION ALL SELECT leaf_index FROM log_statements WHERE leaf_index < 0 LIMIT 100',
  );
  for (const { leaf_index } of outside) findings.add('leaf-out-of-place', leaf_index);
  const { rows: uncounted } = await db.query<{ number: string }>(`SELECT number FROM checkpoints WHERE number NOT BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER} LIMIT 100`);
  for (const { number } of uncounted) findings.add('checkpoint-order', `number ${number}`);
  return { leaves, published: Math.min(published, leaves + MOST_MISSING) };
}

/** Tiles are written with the checkpoint that covers them: a tile that knows more tells of a checkpoint that is gone. */
async function checkTileSizes(db: Client, { published }: Extent, findings: Findings): Promise<void> {
  const { rows } = await db.query<{ level: number; tile_index: string; width: number; expected: string }>(
    `SELECT * FROM (SELECT level, tile_index, octet_length(hashes) / 32 AS width,
        least(256, greatest(0, floor($1::numeric / 256::numeric ^ level) - tile_index * 256)) AS expected FROM log_tiles) AS tiles
      WHERE width <> expected LIMIT 1000`,
    [published],
  );
  for (const { level, tile_index, width, expected } of rows) {
    findings.add(width > Number(expected) ? 'checkpoint-rolled-back' : 'tile-altered', `tile ${level}/${tile_index}`);
  }
}

async function checkCosignatures(db: Client, { witnesses }: Pick<LogKeys, 'witnesses'>, findings: Findings): Promise<void> {
  const orphans = await db.query<{ checkpoint: string }>(
    'SELECT checkpoint FROM cosignatures c WHERE NOT EXISTS (SELECT FROM checkpoints k WHERE k.number = c.checkpoint) LIMIT 100',
  );
  for (const { checkpoint } of orphans.rows) findings.add('checkpoint-rolled-back', `cosigned ${checkpoint}`);
  for (const { name, verifier } of witnesses) {
    for (let beyond = '0', full = true; full; ) {
      const { rows } = await db.query<{ number: string; note: string; line: string; tree_size: string }>({
        name: 'verify-cosignatures',
        text: `SELECT number, note, line, tree_size FROM checkpoints JOIN cosignatures ON checkpoint = number AND witness = $1
          WHERE number > $2 ORDER BY number LIMIT ${COSIGNATURES}`,
        values: [name, beyond],
      });
      full = rows.length === COSIGNATURES;
      beyond = rows.at(-1)?.number ?? beyond;
      for (const { note, line, tree_size } of rows) {
        try {
          openNote(`${note.slice(0, note.lastIndexOf('\n\n') + 2)}${line}`, [verifier]);
        } catch (error) {
          if (!(error instanceof NoteFault)) throw error;
          findings.add('checkpoint-forged', `cosignature at ${tree_size}`);
        }
      }
    }
  }
}

/** A witness that has seen a larger log than there is. One that cannot be reached says nothing. */
async function askWitnesses(db: Client, { origin, witnesses }: Pick<LogKeys, 'origin' | 'witnesses'>, findings: Findings): Promise<void> {
  for (const { name, url } of witnesses) {
    const about = await fetch(url, { signal: AbortSignal.timeout(5000) })
      .then((answer) => answer.json() as Promise<{ logs?: { origin: string; size: number }[] }>)
      .catch(() => undefined);
    const seen = about?.logs?.find((log) => log.origin === origin)?.size ?? 0;
    // asked after the witness was: the log may have grown since the snapshot
    const { rows } = await db.query<{ size: string | null }>('SELECT max(tree_size) AS size FROM checkpoints');
    if (seen > Number(rows[0]?.size ?? 0)) findings.add('checkpoint-rolled-back', `${name} has seen ${seen}`);
  }
}
