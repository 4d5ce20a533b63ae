import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import {
  checkpointText,
  CompactRange,
  edgeTilesOf,
  EMPTY_ROOT,
  HASH_LENGTH,
  keyOf,
  NoteFault,
  nodesFromTiles,
  nodesOf,
  openCheckpoint,
  signNote,
  TILE_HEIGHT,
  TILE_WIDTH,
} from '@carespine/transparency-log';
import { Database } from '@carespine/service-kit';
import { freeze } from './freeze';
import { LogKeys } from './log-keys';
import { checkpointOf, type CheckpointRow, type KeptCheckpoint } from './log-reader';

/** Leaves that one transaction takes into the tree. */
const MOST = 65_536;
const BEFORE_THE_FIRST: KeptCheckpoint = { number: 0, size: 0, root: EMPTY_ROOT, note: '' };

/** The log contradicts itself: nothing more is signed until somebody has looked. */
export class LogBroken extends Error {
  override readonly name = 'LogBroken';
}

export type Integrated =
  /** Another replica is at it, or publishing is frozen. */
  | { state: 'waiting' | 'frozen' }
  /** `more`: leaves are left over. */
  | { state: 'integrated'; checkpoint: KeptCheckpoint | undefined; leaves: number; more: boolean };

/** Takes placed leaves into the tree: tiles and one signed checkpoint, together or not at all. */
@Injectable()
export class Integrator {
  /** The largest that this process has signed, or found signed: what the database says later must continue it. */
  private signed: KeptCheckpoint = BEFORE_THE_FIRST;

  constructor(
    private readonly database: Database,
    private readonly keys: LogKeys,
  ) {}

  /** One step; the advisory lock lets one replica do it at a time. @param patient waits for the lock */
  async integrate(patient = false): Promise<Integrated> {
    try {
      const step = await this.database.transaction((tx) => this.step(tx, patient));
      if (step.state === 'integrated' && step.checkpoint) this.signed = step.checkpoint;
      return step;
    } catch (error) {
      if (error instanceof LogBroken) await freeze(this.database.pool, error.message);
      throw error;
    }
  }

  private async step(tx: EntityManager, patient: boolean): Promise<Integrated> {
    if (patient) await tx.query(`SELECT pg_advisory_xact_lock(${TURN})`);
    else {
      const [turn] = (await tx.query(`SELECT pg_try_advisory_xact_lock(${TURN}) AS mine`)) as { mine: boolean }[];
      if (!turn?.mine) return { state: 'waiting' };
    }
    const [row] = (await tx.query(
      `SELECT EXISTS (SELECT FROM log_freeze WHERE thawed_at IS NULL) AS frozen, (SELECT max(next_index) FROM log_tail) AS tail, newest.* FROM (SELECT 1) AS one
        LEFT JOIN (SELECT number, tree_size, root_hash, note FROM checkpoints ORDER BY number DESC LIMIT 1) AS newest ON true`,
    )) as [{ frozen: boolean; tail: string | null } & ({ number: null } | CheckpointRow)];
    if (row.frozen) return { state: 'frozen' };
    const last = row.number === null ? undefined : checkpointOf(row);
    this.requireContinued(last ?? BEFORE_THE_FIRST);
    const leaves = await this.newLeaves(tx, last?.size ?? 0, Number(row.tail));
    if (leaves.length === 0 && last) return { state: 'integrated', checkpoint: last, leaves: 0, more: false };
    const checkpoint = await this.grow(tx, last ?? BEFORE_THE_FIRST, leaves);
    return { state: 'integrated', checkpoint, leaves: leaves.length, more: leaves.length === MOST };
  }

  /** @throws LogBroken when the newest checkpoint is not one that was signed, or is not behind what this process knows */
  private requireContinued({ size, root, note }: KeptCheckpoint): void {
    if (note === this.signed.note && size === this.signed.size && root.equals(this.signed.root)) return;
    if (size < this.signed.size) throw new LogBroken(`the newest checkpoint is at ${size}, and ${this.signed.size} was signed`);
    if (size === this.signed.size && !root.equals(this.signed.root)) throw new LogBroken(`another root than was signed at ${size}`);
    try {
      const said = openCheckpoint(note, this.keys.verifiers);
      if (said.origin === this.keys.origin && said.size === size && said.root.equals(root)) return;
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
    }
    throw new LogBroken(`the newest checkpoint, at ${size}, is not what was signed`);
  }

  /** Hashes of the leaves behind the tree. @param tail read before them @throws LogBroken when one is missing */
  private async newLeaves(tx: EntityManager, size: number, tail: number): Promise<Buffer[]> {
    const [found] = (await tx.query(
      `SELECT min(leaf_index) AS first, max(leaf_index) AS last, count(*) AS leaves, coalesce(string_agg(leaf_hash, '' ORDER BY leaf_index), '') AS hashes FROM (
        SELECT leaf_index, leaf_hash FROM access_events WHERE leaf_index >= $1 AND leaf_index < $2
        UNION ALL SELECT leaf_index, leaf_hash FROM log_statements WHERE leaf_index >= $1 AND leaf_index < $2
      ) AS placed`,
      [size, size + MOST],
    )) as [{ first: string | null; last: string; leaves: string; hashes: Buffer }];
    const count = Number(found.leaves);
    if (tail < size || count < Math.min(tail - size, MOST)) throw new LogBroken(`leaves behind ${size} are missing`);
    if (count === 0) return [];
    if (Number(found.first) !== size || Number(found.last) !== size + count - 1 || found.hashes.length !== count * HASH_LENGTH) {
      throw new LogBroken(`leaves behind ${size} are not one after the other`);
    }
    return Array.from({ length: count }, (_, i) => found.hashes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
  }

  /** @throws LogBroken when the tiles are not those of the last checkpoint: then a new one would contradict it */
  private async grow(tx: EntityManager, last: KeptCheckpoint, leaves: Buffer[]): Promise<KeptCheckpoint> {
    const edge = edgeTilesOf(last.size);
    const kept = (await tx.query(
      'SELECT level, tile_index, hashes FROM log_tiles JOIN unnest($1::smallint[], $2::bigint[]) AS edge (level, tile_index) USING (level, tile_index)',
      [edge.map(({ level }) => level), edge.map(({ index }) => index)],
    )) as { level: number; tile_index: string; hashes: Buffer }[];
    const tiles = new Map(kept.map(({ level, tile_index, hashes }) => [keyOf({ level, index: Number(tile_index) }), { level, index: Number(tile_index), parts: [hashes] }]));
    if (edge.some((tile) => tiles.get(keyOf(tile))?.parts[0]?.length !== tile.width * HASH_LENGTH)) throw new LogBroken(`the tiles do not end at ${last.size}`);

    const read = nodesFromTiles((wanted) => Promise.resolve(wanted.map((tile) => tiles.get(keyOf(tile))?.parts[0] ?? Buffer.alloc(0))));
    const tree = new CompactRange(last.size, await read(nodesOf([0, last.size])));
    if (!tree.root.equals(last.root)) throw new LogBroken(`the tiles do not have the root signed at ${last.size}`);
    const grown = new Set<string>();
    for (const leaf of leaves) {
      tree.append(leaf, (node, hash) => {
        if (node.level % TILE_HEIGHT !== 0) return;
        const tile = { level: node.level / TILE_HEIGHT, index: Math.floor(node.index / TILE_WIDTH) };
        const key = keyOf(tile);
        const parts = tiles.get(key)?.parts;
        if (parts) parts.push(hash);
        else tiles.set(key, { ...tile, parts: [hash] });
        grown.add(key);
      });
    }
    const written = [...grown].map((key) => tiles.get(key)).filter((tile) => tile !== undefined);
    await tx.query(
      `INSERT INTO log_tiles (level, tile_index, hashes) SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
        ON CONFLICT (level, tile_index) DO UPDATE SET hashes = excluded.hashes`,
      [written.map(({ level }) => level), written.map(({ index }) => index), written.map(({ parts }) => `\\x${Buffer.concat(parts).toString('hex')}`)],
    );
    const checkpoint = { origin: this.keys.origin, size: tree.size, root: tree.root };
    const next = { number: last.number + 1, size: tree.size, root: checkpoint.root, note: signNote(checkpointText(checkpoint), this.keys.signers) };
    await tx.query('INSERT INTO checkpoints (number, tree_size, root_hash, note) VALUES ($1, $2, $3, $4)', [next.number, next.size, next.root, next.note]);
    return next;
  }
}

const TURN = `hashtext('log integrator')`;
