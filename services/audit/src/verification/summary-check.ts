import type { ClientBase } from 'pg';
import { CompactRange, keyOf, leafHash, summaryLeafData, TILE_HEIGHT, TILE_WIDTH, type SummaryStatement } from '@carespine/transparency-log';
import type { SummaryKey } from '../transparency/summary-key';
import type { Findings } from './findings';

const PAGE = 40 * TILE_WIDTH;

/** Summaries that answers may be drawn from, the newest two since the last erasure, hold every patient's accesses as they stand, in the tree that the log has signed. */
export async function checkSummaries(db: ClientBase, key: SummaryKey, findings: Findings): Promise<void> {
  const { rows } = await db.query<{ number: string; leaf_index: string; statement: string | null }>(
    'SELECT number, leaf_index, statement FROM summaries LEFT JOIN log_statements USING (leaf_index) WHERE leaf_index IS NOT NULL ORDER BY number DESC LIMIT 2',
  );
  const { rows: erased } = await db.query<{ last: string | null }>('SELECT max(erasure) AS last FROM erased_leaves');
  for (const { number, leaf_index, statement } of rows) {
    const said = summaryOf(statement);
    if (said && said.upTo <= Number(erased[0]?.last ?? -1)) continue;
    if (!said || !(await holdsEverybody(db, number, said.upTo, key)) || !(await isTreeOf(db, number, said))) findings.add('summary-altered', leaf_index);
  }
}

function summaryOf(statement: string | null): SummaryStatement | undefined {
  try {
    const said = JSON.parse(statement ?? '') as Partial<SummaryStatement>;
    return said.statement === 'summary' && typeof said.upTo === 'number' && Number.isSafeInteger(said.upTo) ? (said as SummaryStatement) : undefined;
  } catch {
    return undefined;
  }
}

async function holdsEverybody(db: ClientBase, summary: string, upTo: number, { outer, inner }: SummaryKey): Promise<boolean> {
  const { rows } = await db.query<{ differ: boolean }>(
    `SELECT EXISTS (
        SELECT FROM (
          SELECT sha256($3::bytea || sha256($4::bytea || convert_to(nhs_number, 'UTF8'))) AS patient_key, leaf_hash AS last_leaf, times AS accesses
          FROM (SELECT nhs_number, max(leaf_index) AS leaf_index, count(*) AS times FROM access_events WHERE nhs_number <> '' AND leaf_index < $2 GROUP BY nhs_number) AS chain
          JOIN (SELECT leaf_index, leaf_hash FROM access_events) AS newest USING (leaf_index)
        ) AS stands
        FULL JOIN (SELECT patient_key, last_leaf, accesses FROM summary_patients WHERE summary = $1) AS summarised USING (patient_key)
        WHERE (stands.last_leaf, stands.accesses) IS DISTINCT FROM (summarised.last_leaf, summarised.accesses)
      ) AS differ`,
    [summary, upTo, outer, inner],
  );
  return rows[0]?.differ === false;
}

/** The patients make the tree whose root was signed, and its tiles are those that proofs are read from. */
async function isTreeOf(db: ClientBase, summary: string, { root, size }: SummaryStatement): Promise<boolean> {
  const tree = new CompactRange();
  const tiles = new Map<string, { level: number; index: number; parts: Buffer[] }>();
  for (let after = Buffer.alloc(0); ; ) {
    const { rows } = await db.query<{ patient_key: Buffer<ArrayBuffer>; position: string; last_leaf: Buffer; accesses: string }>({
      name: 'verify-summary-patients',
      text: `SELECT patient_key, position, last_leaf, accesses FROM summary_patients WHERE summary = $1 AND patient_key > $2 ORDER BY patient_key LIMIT ${PAGE}`,
      values: [summary, after],
    });
    for (const { patient_key: patientKey, position, last_leaf: lastLeaf, accesses } of rows) {
      if (Number(position) !== tree.size) return false;
      tree.append(leafHash(summaryLeafData({ patientKey, lastLeaf, accesses: Number(accesses) })), ({ level, index }, hash) => {
        if (level % TILE_HEIGHT !== 0) return;
        const tile = { level: level / TILE_HEIGHT, index: Math.floor(index / TILE_WIDTH) };
        const known = tiles.get(keyOf(tile));
        if (known) known.parts.push(hash);
        else tiles.set(keyOf(tile), { ...tile, parts: [hash] });
      });
    }
    // a page ends with a tile of the lowest level; those above it go on filling
    const whole = [...tiles.values()].filter(({ level }) => rows.length < PAGE || level === 0);
    if (!(await areKept(db, summary, whole))) return false;
    for (const tile of whole) tiles.delete(keyOf(tile));
    if (rows.length < PAGE) break;
    after = rows.at(-1)?.patient_key ?? after;
  }
  return tree.size === size && tree.root.toString('base64') === root;
}

async function areKept(db: ClientBase, summary: string, tiles: { level: number; index: number; parts: Buffer[] }[]): Promise<boolean> {
  const { rows } = await db.query<{ level: number; tile_index: string; hashes: Buffer }>({
    name: 'verify-summary-tiles',
    text: `SELECT level, tile_index, hashes FROM summary_tiles
      JOIN unnest($2::smallint[], $3::bigint[]) AS wanted (level, tile_index) USING (level, tile_index) WHERE summary = $1`,
    values: [summary, tiles.map(({ level }) => level), tiles.map(({ index }) => index)],
  });
  const kept = new Map(rows.map(({ level, tile_index, hashes }) => [keyOf({ level, index: Number(tile_index) }), hashes]));
  return tiles.every((tile) => kept.get(keyOf(tile))?.equals(Buffer.concat(tile.parts)));
}
