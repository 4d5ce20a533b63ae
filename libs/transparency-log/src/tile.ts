import { HASH_LENGTH } from './hashes';
import { CompactRange, type Node, type ReadNodes } from './tree';

/** Hashes in a full tile. */
export const TILE_WIDTH = 256;
/** Levels of the tree that a level of tiles spans. */
export const TILE_HEIGHT = 8;

/** A tile of level L holds the hashes of 256 neighbouring nodes of the tree's level 8 × L. */
export interface TileAddress {
  level: number;
  index: number;
}

/** The tiles that a tree of this size has, lowest level first, each with how many hashes it holds: the last of each level only, all before are full. */
export function edgeTilesOf(size: number): (TileAddress & { width: number })[] {
  const tiles: (TileAddress & { width: number })[] = [];
  for (let level = 0, nodes = size; nodes > 0; level++, nodes = Math.floor(nodes / TILE_WIDTH)) {
    if (nodes % TILE_WIDTH > 0) tiles.push({ level, index: Math.floor(nodes / TILE_WIDTH), width: nodes % TILE_WIDTH });
  }
  return tiles;
}

/** How many hashes the tile holds in a tree of this size: 0 beyond it. */
export function tileWidthIn(size: number, { level, index }: TileAddress): number {
  const nodes = Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH;
  return Math.min(TILE_WIDTH, Math.max(0, nodes));
}

/** Nodes read from tiles. @param readTiles their bytes, in the order asked; a partial tile may be longer than needed */
export function nodesFromTiles(readTiles: (tiles: TileAddress[]) => Promise<Buffer[]>): ReadNodes {
  return async (nodes) => {
    const places = nodes.map(placeOf);
    const wanted = new Map<string, TileAddress>();
    for (const { tile } of places) wanted.set(keyOf(tile), tile);
    const bytes = await readTiles([...wanted.values()]);
    const byKey = new Map([...wanted.keys()].map((key, i) => [key, bytes[i] ?? Buffer.alloc(0)]));
    return places.map(({ tile, first, count }) => rootOfHashes(byKey.get(keyOf(tile)) as Buffer, first, count));
  };
}

export const keyOf = ({ level, index }: TileAddress): string => `${level}/${index}`;

function placeOf({ level, index }: Node): { tile: TileAddress; first: number; count: number } {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  return { tile: { level: tileLevel, index: Math.floor(first / TILE_WIDTH) }, first: first % TILE_WIDTH, count };
}

/** @throws RangeError when the tile is too short */
function rootOfHashes(tile: Buffer, first: number, count: number): Buffer {
  if (tile.length < (first + count) * HASH_LENGTH) throw new RangeError('the tile is not there, or too short');
  const range = new CompactRange();
  for (let i = first; i < first + count; i++) range.append(tile.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH));
  return range.root;
}

/** `x001/x234/067` for 1234067: groups of three digits, all but the last with an x. @see C2SP tlog-tiles */
export function tileIndexPath(index: number): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  return groups.join('/');
}

/** Path of a tile below the log's prefix; a level of `entries` is an entry bundle. */
export function tilePath(level: number | 'entries', index: number, width = TILE_WIDTH): string {
  return `tile/${level}/${tileIndexPath(index)}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** @returns undefined when it is not the one way to write a tile's path */
export function parseTilePath(path: string): { level: number | 'entries'; index: number; width: number } | undefined {
  const match = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (!match) return undefined;
  const level = match[1] === 'entries' ? 'entries' : Number(match[1]);
  const index = Number(match[2]?.replace(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  if (level !== 'entries' && level > 63) return undefined;
  if (!Number.isSafeInteger(index) || tileIndexPath(index) !== match[2] || (match[3] !== undefined && width >= TILE_WIDTH)) return undefined;
  return { level, index, width };
}

/** Entries one behind the other, each after its length in 16 bits, big-endian. @throws RangeError for an entry over 65,535 bytes */
export function entryBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}
