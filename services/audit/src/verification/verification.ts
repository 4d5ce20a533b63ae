import { Client } from 'pg';
import { NoteFault, openNote } from '@carespine/transparency-log';
import type { LogKeys } from '../transparency/log-keys';
import { checkChains } from './chain-check';
import { checkEmitted, checkNotInvented, readEmitted } from './emission-check';
import { checkErasures } from './erasure-check';
import { Findings, type Finding } from './findings';
import { TreeCheck, type Extent } from './tree-check';

export interface VerificationReport {
  leaves: number;
  /** Leaves that a checkpoint covers. */
  published: number;
  checkpoints: number;
  /** Services whose own count was held against the log. */
  counted: string[];
  /** Empty when all is as it was signed. */
  findings: Finding[];
}

export interface VerificationOrder {
  databaseUrl: string;
  keys: Pick<LogKeys, 'origin' | 'verifiers' | 'witnesses'>;
  serviceDatabases: Record<string, string>;
  progress?: (done: number, of: number) => void;
  /** How long accesses that were recorded and are on their way are waited for. */
  patienceMs?: number;
}

/**
 * Makes the tree anew from the stored events and holds it against every checkpoint ever kept; then tiles, columns, chains, erasures and counts.
 * Reads one snapshot, beside the running service.
 *
 * @see audit specification, "Tamper evidence": a verifier command re-computes the tree from stored events and compares all checkpoints kept
 */
export async function verifyLog({ databaseUrl, keys, serviceDatabases, progress = () => undefined, patienceMs = 30_000 }: VerificationOrder): Promise<VerificationReport> {
  const findings = new Findings();
  const emittedBefore = await readEmitted(serviceDatabases);
  const db = new Client({ connectionString: databaseUrl, application_name: 'audit verify' });
  db.on('error', () => undefined); // the query in hand tells
  await db.connect();
  try {
    await db.query('SET statement_timeout = 0');
    await db.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const extent = await extentOf(db, findings);
    const tree = new TreeCheck(db, keys.origin, keys.verifiers, findings, progress);
    await tree.run(extent);
    await checkTileSizes(db, extent, findings);
    await checkCosignatures(db, keys, findings);
    await checkChains(db, findings);
    await checkErasures(db, findings);
    await db.query('COMMIT');
    await askWitnesses(db, keys, findings);
    await checkEmitted(emittedBefore, { accessesOf: tree.accessesOf, end: extent.leaves, patienceMs }, db, findings);
    await checkNotInvented(await readEmitted(serviceDatabases), tree.accessesOf, db, findings);
    return { ...extent, checkpoints: tree.checkpoints, counted: [...emittedBefore.keys()], findings: findings.all };
  } finally {
    await db.end();
  }
}

async function extentOf(db: Client, findings: Findings): Promise<Extent> {
  const { rows } = await db.query<{ tail: string | null; tails: number; newest: string | null; published: string | null }>(
    `SELECT max(next_index) AS tail, count(*)::int AS tails, (SELECT max(tree_size) FROM checkpoints) AS published,
      (SELECT greatest((SELECT max(leaf_index) FROM access_events), (SELECT max(leaf_index) FROM log_statements))) AS newest FROM log_tail`,
  );
  const [row] = rows;
  const [tail, placed, published] = [Number(row?.tail ?? 0), row?.newest ? Number(row.newest) + 1 : 0, Number(row?.published ?? 0)];
  if (row?.tails !== 1 || tail < placed) findings.add('leaf-out-of-place', `tail ${tail}`);
  // leaves beyond the tail are named one by one, but for a place that is plainly made up
  const leaves = Math.max(tail, Math.min(placed, tail + 1_000_000));
  if (placed > leaves) findings.add('leaf-out-of-place', placed - 1);
  const { rows: outside } = await db.query<{ leaf_index: string }>('SELECT leaf_index FROM access_events WHERE leaf_index < 0 LIMIT 100');
  for (const { leaf_index } of outside) findings.add('leaf-out-of-place', leaf_index);
  return { leaves, published };
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
    const { rows } = await db.query<{ note: string; line: string; tree_size: string }>(
      'SELECT note, line, tree_size FROM cosignatures JOIN checkpoints ON number = checkpoint WHERE witness = $1 ORDER BY checkpoint DESC LIMIT 1000',
      [name],
    );
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
