import { parseCheckpoint, parseNote, verifyInclusion } from '@carespine/transparency-log';
import type { AccessProof } from '../apis/reports-api';

export interface ProofView {
  /** The hashes lead from the record to the root that the log has signed. */
  holds: boolean;
  leafIndex: number;
  leafHash: string;
  previousLeaf: string;
  isErased: boolean;
  treeSize: number;
  rootHash: string;
  inclusion: string[];
  checkpoint: string;
  /** Names on the signature lines. */
  signers: string[];
}

const hash = (base64: string): Buffer => Buffer.from(base64, 'base64');

/**
 * A proof with what it comes to, worked out here and not believed.
 *
 * @see RFC 6962, section 2.1.1
 */
export function describeProof(proof: AccessProof): ProofView {
  const { leafIndex, leafHash, previousLeaf, inclusion, checkpoint, salt } = proof;
  const { text, signatures } = parseNote(checkpoint);
  const { size, root } = parseCheckpoint(text);
  return {
    holds: verifyInclusion({ index: leafIndex, size, leafHash: hash(leafHash), root, proof: inclusion.map(hash) }),
    leafIndex,
    leafHash,
    previousLeaf,
    isErased: salt === undefined,
    treeSize: size,
    rootHash: root.toString('base64'),
    inclusion,
    checkpoint,
    signers: signatures.map(({ name }) => name),
  };
}
