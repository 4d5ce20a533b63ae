export { EMPTY_ROOT, HASH_LENGTH, leafHash, nodeHash, sha256 } from './hashes';
export { CompactRange, foldNodes, nodesOf, rootOf, type Node, type ReadNodes } from './tree';
export { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion, type Consistency, type Inclusion } from './proof';
export { edgeTilesOf, entryBundle, keyOf, nodesFromTiles, parseTilePath, TILE_HEIGHT, TILE_WIDTH, tilePath, tileWidthIn, type TileAddress } from './tile';
export { fromBase64, isKeyName, NoteFault, NoteSigner, NoteVerifier, openNote, parseNote, signatureOf, signNote, type Note, type NoteSignature } from './note';
export { checkpointText, openCheckpoint, parseCheckpoint, type Checkpoint } from './checkpoint';
export { ADD_CHECKPOINT, formatAddCheckpoint, parseAddCheckpoint, parseCosignatures, TLOG_SIZE, type AddCheckpoint } from './add-checkpoint';
export { completenessFault, isUnbroken, statementLeafData, summaryLeafData, type CompletenessProof, type SummaryStatement } from './completeness';
