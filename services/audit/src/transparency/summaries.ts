import { Injectable } from '@nestjs/common';
import type { PoolClient, QueryConfig } from 'pg';
import type { EntityManager } from 'typeorm';
import {
  CompactRange,
  keyOf,
  leafHash,
  nodesFromTiles,
  proveInclusion,
  summaryLeafData,
  TILE_HEIGHT,
  TILE_WIDTH,
  type SummaryStatement,
} from '@carespine/transparency-log';
import { Database } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { placeStatement } from './statements';
import { SummaryKey } from './summary-key';

const BATCH = 10_000;
/** 24 days, the longest that a timer of Node.js can be set to. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** One patient's place in the newest summary that the log holds. */
export interface SummarisedPatient {
  patientKey: Buffer;
  position: number;
  lastLeaf: Buffer;
  accesses: number;
  statement: string;
  leafIndex: number;
  proof: Buffer[];
}

/**
 * Summaries of every patient's accesses: a tree over all patients, sorted by a keyed hash of the NHS number, whose root is a leaf of the log.
 * So nobody can answer one person with fewer accesses than were counted when the log said so. The newest two are kept.
 */
@Injectable()
export class Summaries {
  private readonly key: SummaryKey;

  constructor(
    private readonly database: Database,
    config: AuditConfig,
  ) {
    this.key = new SummaryKey(config.PATIENT_KEY_SECRET);
  }

  /** Makes a summary of what is committed now, and puts its root into the log. @returns the leaf index */
  async make(): Promise<number> {
    const number = await this.database.transaction(async (tx) => {
      const [row] = (await tx.query('INSERT INTO summaries DEFAULT VALUES RETURNING number')) as { number: string }[];
      return Number(row?.number);
    });
    // patients and the log's end in one snapshot; the log's writers wait for nothing but the last step
    const statement = await this.database.source.transaction('REPEATABLE READ', (tx) => this.build(tx, number));
    return this.database.transaction(async (tx) => {
      const leafIndex = await placeStatement(tx, statement);
      await tx.query('UPDATE summaries SET leaf_index = $2 WHERE number = $1', [number, leafIndex]);
      for (const table of ['summary_patients', 'summary_tiles']) {
        await tx.query(`DELETE FROM ${table} WHERE summary NOT IN (SELECT number FROM summaries WHERE leaf_index IS NOT NULL ORDER BY number DESC LIMIT 2)`);
      }
      return leafIndex;
    });
  }

  /** From the newest summary, unless accesses were erased since it was made: it would count what is gone. @param treeSize of the checkpoint that must hold the summary */
  async find(nhsNumber: string, treeSize: number): Promise<SummarisedPatient | undefined> {
    const { rows } = await this.database.query<{ summary: string; patient_key: Buffer; position: string; last_leaf: Buffer; accesses: string; leaf_index: string; statement: string }>({
      text: `SELECT summary, patient_key, position, last_leaf, accesses, leaf_index, statement
        FROM (SELECT number AS summary, leaf_index, statement FROM summaries JOIN log_statements USING (leaf_index) WHERE leaf_index < $2 ORDER BY number DESC LIMIT 1) AS newest
        JOIN summary_patients USING (summary)
        WHERE patient_key = $1 AND (statement::jsonb ->> 'upTo')::bigint > (SELECT coalesce(max(erasure), -1) FROM erased_leaves)`,
      values: [this.key.of(nhsNumber), treeSize],
    });
    const [row] = rows;
    if (!row) return undefined;
    const { size } = JSON.parse(row.statement) as SummaryStatement;
    const position = Number(row.position);
    return {
      patientKey: row.patient_key,
      position,
      lastLeaf: row.last_leaf,
      accesses: Number(row.accesses),
      statement: row.statement,
      leafIndex: Number(row.leaf_index),
      proof: await proveInclusion(position, size, nodesFromTiles((tiles) => this.tiles(row.summary, tiles))),
    };
  }

  private async build(tx: EntityManager, number: number): Promise<SummaryStatement> {
    await tx.query('SET LOCAL statement_timeout = 0');
    const [tail] = (await tx.query('SELECT next_index FROM log_tail')) as { next_index: string }[];
    // over every patient there is: no limit, and none of the client's either
    const client = (await tx.queryRunner?.connect()) as PoolClient;
    await client.query({
      query_timeout: LONGEST_TIMER_MS,
      text: `INSERT INTO summary_patients (summary, patient_key, position, last_leaf, accesses)
        SELECT $1, patient_key, row_number() OVER (ORDER BY patient_key) - 1, last_leaf, accesses
        FROM (SELECT sha256($2::bytea || sha256($3::bytea || convert_to(nhs_number, 'UTF8'))) AS patient_key, last_leaf, accesses FROM patient_chain) AS keyed`,
      values: [number, this.key.outer, this.key.inner],
    } as QueryConfig);
    const tree = new CompactRange();
    let after = Buffer.alloc(0);
    for (;;) {
      const rows = (await tx.query(
        'SELECT patient_key, last_leaf, accesses FROM summary_patients WHERE summary = $1 AND patient_key > $2 ORDER BY patient_key LIMIT $3',
        [number, after, BATCH],
      )) as { patient_key: Buffer; last_leaf: Buffer; accesses: string }[];
      const last = rows.at(-1);
      if (!last) break;
      after = last.patient_key as Buffer<ArrayBuffer>;
      await this.append(tx, number, tree, rows);
    }
    return { statement: 'summary', root: tree.root.toString('base64'), size: tree.size, upTo: Number(tail?.next_index ?? 0), at: new Date().toISOString() };
  }

  private async append(tx: EntityManager, number: number, tree: CompactRange, rows: { patient_key: Buffer; last_leaf: Buffer; accesses: string }[]): Promise<void> {
    const tiles = new Map<string, { level: number; index: number; parts: Buffer[] }>();
    for (const row of rows) {
      const data = summaryLeafData({ patientKey: row.patient_key, lastLeaf: row.last_leaf, accesses: Number(row.accesses) });
      tree.append(leafHash(data), (node, hash) => {
        if (node.level % TILE_HEIGHT !== 0) return;
        const tile = { level: node.level / TILE_HEIGHT, index: Math.floor(node.index / TILE_WIDTH) };
        const known = tiles.get(keyOf(tile));
        if (known) known.parts.push(hash);
        else tiles.set(keyOf(tile), { ...tile, parts: [hash] });
      });
    }
    const written = [...tiles.values()];
    await tx.query(
      `INSERT INTO summary_tiles (summary, level, tile_index, hashes) SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::bytea[])
        ON CONFLICT (summary, level, tile_index) DO UPDATE SET hashes = summary_tiles.hashes || excluded.hashes`,
      [number, written.map(({ level }) => level), written.map(({ index }) => index), written.map(({ parts }) => `\\x${Buffer.concat(parts).toString('hex')}`)],
    );
  }

  private async tiles(summary: string, tiles: readonly { level: number; index: number }[]): Promise<Buffer[]> {
    const { rows } = await this.database.query<{ level: number; tile_index: string; hashes: Buffer }>({
      text: `SELECT level, tile_index, hashes FROM summary_tiles
        JOIN unnest($2::smallint[], $3::bigint[]) AS wanted (level, tile_index) USING (level, tile_index) WHERE summary = $1`,
      values: [summary, tiles.map(({ level }) => level), tiles.map(({ index }) => index)],
    });
    const byKey = new Map(rows.map(({ level, tile_index, hashes }) => [keyOf({ level, index: Number(tile_index) }), hashes]));
    return tiles.map((tile) => byKey.get(keyOf(tile)) ?? Buffer.alloc(0));
  }
}
