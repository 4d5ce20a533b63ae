import type { ClientBase } from 'pg';
import { CompactRange, HASH_LENGTH, NoteFault, openCheckpoint, TILE_HEIGHT, TILE_WIDTH, tileWidthIn, type Node, type NoteVerifier } from '@carespine/transparency-log';
import { checkpointOf, type CheckpointRow, type KeptCheckpoint } from '../transparency/log-reader';
import type { Findings } from './findings';
import { readLeaves, type StoredLeaf } from './leaf-rows';

/** Eight tiles. */
const BATCH = 8 * TILE_WIDTH;
const CHECKPOINTS = 500;

export interface Extent {
  /** Leaves that the tail says there are. */
  leaves: number;
  /** Size of the newest checkpoint. */
  published: number;
}

interface UpperTile {
  level: number;
  index: number;
  hashes: Buffer[];
}

/**
 * Makes the tree anew from what is stored, and holds every tile and every checkpoint ever kept against it. Memory does not grow with the log.
 *
 * Where a leaf differs from its tile, the tree goes on in both readings until the next checkpoint says which of the two was altered.
 */
export class TreeCheck {
  private tree = new CompactRange();
  /** The tree in the reading of the tiles, from the first leaf that differs. */
  private byTiles?: CompactRange;
  private suspects: number[] = [];
  /** Of each level of tiles above the lowest, the one that is filling; and those that are full and not compared yet. */
  private readonly filling = new Map<number, UpperTile>();
  private full: UpperTile[] = [];
  private upcoming: KeptCheckpoint[] = [];
  private lastRead = 0;
  private last: KeptCheckpoint = { number: 0, size: -1, root: Buffer.alloc(0), note: '' };
  readonly accessesOf = new Map<string, number>();
  checkpoints = 0;

  constructor(
    private readonly db: ClientBase,
    private readonly origin: string,
    private readonly verifiers: readonly NoteVerifier[],
    private readonly findings: Findings,
    private readonly progress: (done: number, of: number) => void,
  ) {}

  async run({ leaves, published }: Extent): Promise<void> {
    const end = Math.max(leaves, published);
    await this.check();
    for (let first = 0; first < end; first += BATCH) {
      const batchEnd = Math.min(end, first + BATCH);
      const [stored, tiles] = [await readLeaves(this.db, first, batchEnd, this.findings), await this.tilesOf(first, batchEnd)];
      let at = 0;
      for (let index = first; index < batchEnd; index++) {
        const leaf = stored[at]?.index === index ? stored[at++] : undefined;
        for (; stored[at]?.index === index; at++) this.findings.add('leaf-out-of-place', index);
        await this.append(index, leaf, index < published ? this.tiled(tiles, index) : undefined);
        if (this.upcoming[0] && this.upcoming[0].size <= this.tree.size) await this.check();
      }
      await this.compareUpperTiles(this.full.splice(0), published);
      this.progress(batchEnd, end);
    }
    this.settle(true);
    await this.compareUpperTiles([...this.filling.values()], published);
    for (; this.upcoming.length > 0; await this.readCheckpoints()) {
      for (const { size } of this.upcoming.splice(0)) this.findings.add('checkpoint-root', size);
    }
  }

  private async append(index: number, leaf: StoredLeaf | undefined, tiled: Buffer | undefined): Promise<void> {
    if (!leaf) this.findings.add('leaf-missing', index);
    else if (leaf.service !== undefined) this.accessesOf.set(leaf.service, (this.accessesOf.get(leaf.service) ?? 0) + 1);
    const computed = leaf?.computed.length ? leaf.computed : undefined;
    const other = tiled ?? leaf?.kept;
    if (computed && other && !computed.equals(other)) this.suspects.push(index);
    else if (computed && leaf && !computed.equals(leaf.kept)) this.findings.add('leaf-altered', index);
    if (this.suspects.length > 0) this.byTiles ??= this.tree.copy();
    const hash = computed ?? other ?? Buffer.alloc(HASH_LENGTH);
    this.tree.append(hash, this.byTiles ? undefined : (node, nodeHash) => this.remember(node, nodeHash));
    this.byTiles?.append(other ?? hash, (node, nodeHash) => this.remember(node, nodeHash));
  }

  private remember({ level, index }: Node, hash: Buffer): void {
    if (level === 0 || level % TILE_HEIGHT !== 0) return;
    const tileLevel = level / TILE_HEIGHT;
    const tile = this.filling.get(tileLevel) ?? { level: tileLevel, index: Math.floor(index / TILE_WIDTH), hashes: [] };
    this.filling.set(tileLevel, tile);
    tile.hashes.push(hash);
    if (index % TILE_WIDTH !== TILE_WIDTH - 1) return;
    this.full.push(tile);
    this.filling.delete(tileLevel);
  }

  private async compareUpperTiles(tiles: UpperTile[], published: number): Promise<void> {
    for (const { level, index, hashes } of tiles) {
      const width = tileWidthIn(published, { level, index });
      if (width === 0) continue;
      const { rows } = await this.db.query<{ hashes: Buffer }>('SELECT hashes FROM log_tiles WHERE level = $1 AND tile_index = $2', [level, index]);
      if (!rows[0]) this.findings.add('tile-missing', `${level}/${index}`);
      else if (!rows[0].hashes.equals(Buffer.concat(hashes.slice(0, width)))) this.findings.add('tile-altered', `${level}/${index}`);
    }
  }

  /** Every checkpoint that the tree has reached. */
  private async check(): Promise<void> {
    for (;;) {
      if (this.upcoming.length === 0 && !(await this.readCheckpoints())) return;
      const [next] = this.upcoming;
      if (!next || next.size > this.tree.size) return;
      this.upcoming.shift();
      this.checkpoints++;
      this.checkNote(next);
      if (next.number !== this.last.number + 1 || next.size <= this.last.size) this.findings.add('checkpoint-order', next.size);
      // one behind the tree came too late: what is known of its size is the root that was signed first
      if (next.size === this.tree.size) this.checkRoot(next);
      else if (next.size !== this.last.size || !next.root.equals(this.last.root)) this.findings.add('checkpoint-root', next.size);
      this.last = next;
    }
  }

  private checkRoot({ size, root }: KeptCheckpoint): void {
    const holds = this.tree.root.equals(root);
    if (!holds && this.byTiles?.root.equals(root)) this.tree = this.byTiles;
    else if (!holds) this.findings.add('checkpoint-root', size);
    this.settle(!holds);
  }

  /** Names those that were in doubt. */
  private settle(leavesAreAtFault: boolean): void {
    for (const index of this.suspects) {
      if (leavesAreAtFault) this.findings.add('leaf-altered', index);
      else this.findings.add('tile-altered', `0/${Math.floor(index / TILE_WIDTH)}`);
    }
    this.suspects = [];
    this.byTiles = undefined;
  }

  private checkNote({ note, size, root }: KeptCheckpoint): void {
    try {
      const signed = openCheckpoint(note, this.verifiers);
      if (signed.size === size && signed.root.equals(root) && signed.origin === this.origin && !signed.extensions) return;
    } catch (error) {
      if (!(error instanceof NoteFault)) throw error;
    }
    this.findings.add('checkpoint-forged', size);
  }

  private async readCheckpoints(): Promise<number> {
    const { rows } = await this.db.query<CheckpointRow>({
      name: 'verify-checkpoints',
      text: 'SELECT number, tree_size, root_hash, note FROM checkpoints WHERE number > $1 AND number <= $3 ORDER BY number LIMIT $2',
      values: [this.lastRead, CHECKPOINTS, Number.MAX_SAFE_INTEGER],
    });
    this.upcoming.push(...rows.map(checkpointOf));
    this.lastRead = this.upcoming.at(-1)?.number ?? this.lastRead;
    return rows.length;
  }

  private async tilesOf(first: number, end: number): Promise<Map<number, Buffer>> {
    const { rows } = await this.db.query<{ tile_index: string; hashes: Buffer }>({
      name: 'verify-tiles',
      text: 'SELECT tile_index, hashes FROM log_tiles WHERE level = 0 AND tile_index >= $1 AND tile_index < $2',
      values: [first / TILE_WIDTH, Math.ceil(end / TILE_WIDTH)],
    });
    return new Map(rows.map((row) => [Number(row.tile_index), row.hashes]));
  }

  private tiled(tiles: Map<number, Buffer>, index: number): Buffer | undefined {
    const tile = tiles.get(Math.floor(index / TILE_WIDTH));
    const at = (index % TILE_WIDTH) * HASH_LENGTH;
    if (tile && tile.length >= at + HASH_LENGTH) return tile.subarray(at, at + HASH_LENGTH);
    if (index % TILE_WIDTH === 0 || tile) this.findings.add('tile-missing', `0/${Math.floor(index / TILE_WIDTH)}`);
    return undefined;
  }
}
