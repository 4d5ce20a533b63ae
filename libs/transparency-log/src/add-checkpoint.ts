import { HASH_LENGTH } from './hashes';
import { fromBase64, NoteFault, parseNote, signatureOf } from './note';
import { parseCheckpoint, type Checkpoint } from './checkpoint';

/** What a log asks of a witness. @see C2SP tlog-witness */
export interface AddCheckpoint {
  /** Size up to which the witness has seen the log. */
  old: number;
  proof: Buffer[];
  /** Signed note. */
  checkpoint: string;
}

export const ADD_CHECKPOINT = 'add-checkpoint';
/** Media type of the answer that names the witness's size. */
export const TLOG_SIZE = 'text/x.tlog.size';
const LONGEST_PROOF = 63;

export function formatAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): string {
  return [`old ${old}`, ...proof.map((hash) => hash.toString('base64')), '', checkpoint].join('\n');
}

/** @throws NoteFault malformed */
export function parseAddCheckpoint(body: string): AddCheckpoint & { parsed: Checkpoint } {
  const split = body.indexOf('\n\n');
  const [first, ...lines] = body.slice(0, Math.max(0, split)).split('\n');
  const old = /^old (0|[1-9]\d{0,15})$/.exec(first ?? '')?.[1];
  const proof = lines.map(fromBase64);
  if (old === undefined || !Number.isSafeInteger(Number(old)) || proof.length > LONGEST_PROOF || !areHashes(proof)) {
    throw new NoteFault('malformed', 'not a request to add a checkpoint');
  }
  const checkpoint = body.slice(split + 2);
  return { old: Number(old), proof, checkpoint, parsed: parseCheckpoint(parseNote(checkpoint).text) };
}

const areHashes = (proof: (Buffer | undefined)[]): proof is Buffer[] => proof.every((hash) => hash?.length === HASH_LENGTH);

/** The signature lines of a witness's answer, each with its end. @throws NoteFault malformed */
export function parseCosignatures(answer: string): string[] {
  if (!answer.endsWith('\n') || answer.length > 100_000) throw new NoteFault('malformed', 'not signature lines');
  const lines = answer.slice(0, -1).split('\n');
  lines.forEach(signatureOf);
  return lines.map((line) => `${line}\n`);
}
