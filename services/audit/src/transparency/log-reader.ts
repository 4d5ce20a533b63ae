import { Injectable } from '@nestjs/common';
import { HASH_LENGTH, keyOf, nodesFromTiles, type ReadNodes, type TileAddress } from '@carespine/transparency-log';
import { Database } from '@carespine/service-kit';

export interface KeptCheckpoint {
  /** Counted from 1, without a gap. */
  number: number;
  size: number;
  root: Buffer;
  /** As it was signed, without cosignatures. */
  note: string;
}

/** What the log has published: checkpoints and tiles. */
@Injectable()
export class LogReader {
  readonly nodes: ReadNodes = nodesFromTiles((tiles) => this.tiles(tiles));

  constructor(private readonly database: Database) {}

  /** The newest; undefined before the first. */
  async checkpoint(): Promise<KeptCheckpoint | undefined> {
    const { rows } = await this.database.query<CheckpointRow>({
      name: 'newest-checkpoint',
      text: 'SELECT number, tree_size, root_hash, note FROM checkpoints ORDER BY number DESC LIMIT 1',
    });
    return rows[0] && checkpointOf(rows[0]);
  }

  /** The checkpoint with what witnesses have added to it. */
  async cosigned({ number, note }: KeptCheckpoint): Promise<string> {
    const { rows } = await this.database.query<{ line: string }>({
      name: 'cosignatures',
      text: 'SELECT line FROM cosignatures WHERE checkpoint = $1 ORDER BY witness',
      values: [number],
    });
    return note + rows.map(({ line }) => line).join('');
  }

  /** Bytes of tiles, in the order asked; none of those that are not there. */
  async tiles(tiles: readonly TileAddress[]): Promise<Buffer[]> {
    const { rows } = await this.database.query<{ level: number; tile_index: string; hashes: Buffer }>({
      name: 'log-tiles',
      text: `SELECT level, tile_index, hashes FROM log_tiles
        JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, tile_index) USING (level, tile_index)`,
      values: [tiles.map(({ level }) => level), tiles.map(({ index }) => index)],
    });
    const byKey = new Map(rows.map(({ level, tile_index, hashes }) => [keyOf({ level, index: Number(tile_index) }), hashes]));
    return tiles.map((tile) => byKey.get(keyOf(tile)) ?? Buffer.alloc(0));
  }

  /** Hash of one leaf of a tree that holds it. */
  async leaf(index: number): Promise<Buffer> {
    const [hash] = await this.nodes([{ level: 0, index }]);
    return hash ?? Buffer.alloc(HASH_LENGTH);
  }

  /** Leaf data, 32 bytes each, of the leaves from `first` on. */
  async entries(first: number, count: number): Promise<Buffer[]> {
    const { rows } = await this.database.query<{ leaf_data: Buffer }>({
      name: 'log-entries',
      text: `SELECT leaf_data FROM (
          SELECT leaf_index, sha256(salt || uuid_send(event_id) || previous_leaf || payload) AS leaf_data
            FROM access_events WHERE leaf_index >= $1 AND leaf_index < $2 AND salt <> ''
          UNION ALL SELECT leaf_index, leaf_data FROM erased_leaves WHERE leaf_index >= $1 AND leaf_index < $2
          UNION ALL SELECT leaf_index, sha256(convert_to(E'carespine.statement.v1\\n' || statement, 'UTF8'))
            FROM log_statements WHERE leaf_index >= $1 AND leaf_index < $2
        ) AS entries ORDER BY leaf_index`,
      values: [first, first + count],
    });
    return rows.map((row) => row.leaf_data);
  }
}

export interface CheckpointRow {
  number: string;
  tree_size: string;
  root_hash: Buffer;
  note: string;
}

export const checkpointOf = (row: CheckpointRow): KeptCheckpoint => ({
  number: Number(row.number),
  size: Number(row.tree_size),
  root: row.root_hash,
  note: row.note,
});
