import { readFileSync } from 'node:fs';
import {
  completenessFault,
  fromBase64,
  isUnbroken,
  NoteFault,
  NoteVerifier,
  openCheckpoint,
  verifyInclusion,
  type CompletenessProof,
} from '@carespine/transparency-log';
import type { AccountAccess, AccountChain } from '../subject-access/account';
import { leafHashOf } from '../transparency/leaf';
import type { AccessProof } from '../transparency/transparency-log.service';

type ProofFile = Partial<AccessProof> & Partial<CompletenessProof> & { checkpoint?: string };

/** What is checked of an answer to a subject access request. */
interface AccountFile {
  format: 'carespine-subject-access/1';
  accesses: Pick<AccountAccess, 'proof'>[];
  numberOfAccesses: number;
  proof: { checkpoints: string[]; chains: Pick<AccountChain, 'completeness' | 'leaves'>[] };
}

/**
 * Holds a proof, or an answer to a subject access request as JSON, against the log's verifier keys: without the database, without the network.
 *
 * @returns exit code
 */
export function checkProof(file: string, keys: readonly string[], say: (line: string) => void): number {
  try {
    const verifiers = keys.map((vkey) => NoteVerifier.parse(vkey));
    const proof = JSON.parse(readFileSync(file, 'utf8')) as ProofFile | AccountFile;
    if ('format' in proof) {
      say(`The proof holds: ${accountInWords(proof, verifiers)}.`);
      return 0;
    }
    const fault = 'summaryRoot' in proof ? completenessFault(proof as CompletenessProof, verifiers) : accessFault(proof, verifiers);
    if (fault !== undefined) throw new Broken(fault);
    say('The proof holds.');
    return 0;
  } catch (error) {
    const { name, message } = error as Error;
    const why = error instanceof NoteFault || error instanceof Broken ? message : error instanceof SyntaxError ? 'the file is not JSON' : `it cannot be read (${name})`;
    say(`The proof does NOT hold: ${why}.`);
    return 1;
  }
}

class Broken extends Error {}

function accessFault(proof: ProofFile, verifiers: readonly NoteVerifier[]): string | undefined {
  const { id, leafIndex = -1, leafHash = '', salt, previousLeaf = '', payload, inclusion = [], checkpoint = '' } = proof;
  const { size, root } = openCheckpoint(checkpoint, verifiers);
  const hash = bytes(leafHash);
  if (!verifyInclusion({ index: leafIndex, size, root, leafHash: hash, proof: inclusion.map(bytes) })) return 'the log does not hold the leaf';
  if (id === undefined || salt === undefined || payload === undefined) return undefined;
  const remade = leafHashOf({ salt: bytes(salt), eventId: id, previousLeaf: bytes(previousLeaf), payload: bytes(payload) });
  return remade.equals(hash) ? undefined : 'the event is not the one that the leaf commits to';
}

/** What the answer proves. @throws Broken, NoteFault */
function accountInWords({ format, accesses, numberOfAccesses, proof: { checkpoints, chains } }: AccountFile, verifiers: readonly NoteVerifier[]): string {
  if (format !== 'carespine-subject-access/1') throw new Broken('the format is unknown');
  const leaves = new Map<number, string>();
  for (const chain of chains) {
    const fault = completenessFault(chain.completeness, verifiers);
    if (fault !== undefined) throw new Broken(fault);
    if (!isUnbroken(chain.leaves, chain.completeness)) throw new Broken('the accesses of a number are not all that the log counts');
    for (const { leafIndex, leafHash } of chain.leaves) leaves.set(leafIndex, leafHash);
  }
  const opened = checkpoints.map((note) => openCheckpoint(note, verifiers));
  for (const [i, access] of accesses.entries()) {
    const { leafIndex: index, leafHash, inclusion, checkpoint: at } = access.proof;
    const checkpoint = opened[at];
    if (!checkpoint || !verifyInclusion({ index, size: checkpoint.size, root: checkpoint.root, leafHash: bytes(leafHash), proof: inclusion.map(bytes) })) {
      throw new Broken(`the log does not hold access ${i + 1}`);
    }
    if (leaves.get(index) !== leafHash) throw new Broken(`access ${i + 1} is not among the person's`);
  }
  if (accesses.length !== numberOfAccesses || new Set(accesses.map(({ proof }) => proof.leafIndex)).size !== accesses.length) {
    throw new Broken('it does not list as many accesses as it says');
  }
  return `of ${leaves.size} accesses that the log holds of this person, ${accesses.length} are listed; the others lie outside of the period, or were left out as it says`;
}

const bytes = (text: string): Buffer => fromBase64(text) ?? Buffer.alloc(0);
