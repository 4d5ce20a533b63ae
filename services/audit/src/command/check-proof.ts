import { readFileSync } from 'node:fs';
import { completenessFault, fromBase64, NoteFault, NoteVerifier, openCheckpoint, verifyInclusion, type CompletenessProof } from '@carespine/transparency-log';
import { leafHashOf } from '../transparency/leaf';
import type { AccessProof } from '../transparency/transparency-log.service';

type ProofFile = Partial<AccessProof> & Partial<CompletenessProof> & { checkpoint?: string };

/**
 * Holds a proof against the log's verifier keys: without the database, without the network.
 *
 * @returns exit code
 */
export function checkProof(file: string, keys: readonly string[], say: (line: string) => void): number {
  try {
    const verifiers = keys.map((vkey) => NoteVerifier.parse(vkey));
    const proof = JSON.parse(readFileSync(file, 'utf8')) as ProofFile;
    const fault = 'summaryRoot' in proof ? completenessFault(proof as CompletenessProof, verifiers) : accessFault(proof, verifiers);
    say(fault === undefined ? 'The proof holds.' : `The proof does NOT hold: ${fault}.`);
    return fault === undefined ? 0 : 1;
  } catch (error) {
    const why = error instanceof NoteFault ? error.message : error instanceof SyntaxError ? 'the file is not JSON' : `it cannot be read (${(error as Error).name})`;
    say(`The proof does NOT hold: ${why}.`);
    return 1;
  }
}

function accessFault(proof: ProofFile, verifiers: readonly NoteVerifier[]): string | undefined {
  const { id, leafIndex = -1, leafHash = '', salt, previousLeaf = '', payload, inclusion = [], checkpoint = '' } = proof;
  const { size, root } = openCheckpoint(checkpoint, verifiers);
  const hash = bytes(leafHash);
  if (!verifyInclusion({ index: leafIndex, size, root, leafHash: hash, proof: inclusion.map(bytes) })) return 'the log does not hold the leaf';
  if (id === undefined || salt === undefined || payload === undefined) return undefined;
  const remade = leafHashOf({ salt: bytes(salt), eventId: id, previousLeaf: bytes(previousLeaf), payload: bytes(payload) });
  return remade.equals(hash) ? undefined : 'the event is not the one that the leaf commits to';
}

const bytes = (text: string): Buffer => fromBase64(text) ?? Buffer.alloc(0);
