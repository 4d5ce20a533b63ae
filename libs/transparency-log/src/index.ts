export { EMPTY_ROOT, HASH_LENGTH, leafHash, nodeHash, sha256 } from './hashes';
export { CompactRange, foldNodes, nodesOf, rootOf, type Node, type ReadNodes } from './tree';
export { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion, type Consistency, type Inclusion } from './proof';
export { edgeTilesOf, entryBundle, keyOf, nodesFromTiles, parseTilePath, TILE_HEIGHT, TILE_WIDTH, tilePath, tileWidthIn, type TileAddress } from './tile';
export type { CompletenessProof } from './completeness';
