import { openCheckpoint } from './checkpoint';
import { leafHash, sha256 } from './hashes';
import { fromBase64, type NoteVerifier } from './note';
import { verifyInclusion } from './proof';

/** That a summary of every patient's accesses holds this patient with this many, the last of them that leaf; and that the log holds the summary. */
export interface CompletenessProof {
  /** Keyed hash of the NHS number, hex. */
  patientKey: string;
  /** How many accesses the patient had when the summary was made. */
  accesses: number;
  /** Leaf hash of the last of them, base64; each names the one before, so that the list can be followed to the first. */
  lastLeaf: string;
  /** Place of the patient in the summary, and how many patients it holds. */
  summaryPosition: number;
  summarySize: number;
  /** From the patient's leaf to the summary's root, base64. */
  summaryProof: string[];
  /** Base64. */
  summaryRoot: string;
  /** The statement that the log holds, to the letter: JSON that names root and size. */
  summaryStatement: string;
  summaryLeafIndex: number;
  /** From the statement's leaf to the root of the checkpoint, base64. */
  inclusion: string[];
  /** Signed note. */
  checkpoint: string;
}

/** What the log says in a leaf of its own about every patient's accesses. */
export interface SummaryStatement {
  statement: 'summary';
  /** Base64; the tree's leaves are {@link summaryLeafData}, in the order of the patients' keys. */
  root: string;
  /** Patients. */
  size: number;
  /** Leaves of the log before this index are counted. */
  upTo: number;
  at: string;
}

/**
 * Leaf data of what the log says itself: SHA-256 of a line that no access begins with, and the statement's bytes.
 *
 * @param statement JSON, to the letter
 */
export const statementLeafData = (statement: string): Buffer => sha256(Buffer.from(`carespine.statement.v1\n${statement}`));

/** 72 bytes: the patient's keyed hash, the last leaf, and the number of accesses, big-endian. */
export function summaryLeafData({ patientKey, lastLeaf, accesses }: { patientKey: Buffer; lastLeaf: Buffer; accesses: number }): Buffer {
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(accesses));
  return Buffer.concat([patientKey, lastLeaf, count]);
}

/**
 * Why the proof does not hold: undefined when it does, and then the patient had exactly so many accesses when the log said so.
 *
 * @param verifiers keys of the log
 * @throws NoteFault for a checkpoint that none of the keys has signed
 */
export function completenessFault(proof: CompletenessProof, verifiers: readonly NoteVerifier[]): string | undefined {
  const checkpoint = openCheckpoint(proof.checkpoint, verifiers);
  const statement = JSON.parse(proof.summaryStatement) as Partial<SummaryStatement>;
  if (statement.statement !== 'summary' || statement.root !== proof.summaryRoot || statement.size !== proof.summarySize) {
    return 'the statement is of another summary';
  }
  const inLog = verifyInclusion({
    index: proof.summaryLeafIndex,
    size: checkpoint.size,
    leafHash: leafHash(statementLeafData(proof.summaryStatement)),
    root: checkpoint.root,
    proof: hashes(proof.inclusion),
  });
  if (!inLog) return 'the log does not hold the summary';
  if (!/^[0-9a-f]{64}$/.test(proof.patientKey) || !Number.isSafeInteger(proof.accesses) || proof.accesses < 0) return 'the patient’s leaf is malformed';
  const [patientKey, lastLeaf] = [Buffer.from(proof.patientKey, 'hex'), hash(proof.lastLeaf)];
  const inSummary = verifyInclusion({
    index: proof.summaryPosition,
    size: proof.summarySize,
    leafHash: leafHash(summaryLeafData({ patientKey, lastLeaf, accesses: proof.accesses })),
    root: hash(proof.summaryRoot),
    proof: hashes(proof.summaryProof),
  });
  return inSummary ? undefined : 'the summary does not hold the patient so';
}

/**
 * Whether a patient's accesses, oldest first, are all that the summary counts: each names the one before, the first that there is none, the last is the
 * one named. Accesses after the summary may follow. A person's accesses are erased together, so nothing may be missing before the first.
 *
 * @param leaves base64
 */
export function isUnbroken(
  leaves: readonly { leafHash: string; previousLeaf: string }[],
  { accesses, lastLeaf }: Pick<CompletenessProof, 'accesses' | 'lastLeaf'>,
): boolean {
  return leaves[accesses - 1]?.leafHash === lastLeaf && leaves.every((leaf, i) => leaf.previousLeaf === (i === 0 ? FIRST : leaves[i - 1]?.leafHash));
}

/** Stands before a patient's first access. */
const FIRST = Buffer.alloc(32).toString('base64');

const hash = (text: string): Buffer => fromBase64(text) ?? Buffer.alloc(0);
const hashes = (texts: readonly string[]): Buffer[] => texts.map(hash);
