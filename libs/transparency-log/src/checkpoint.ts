import { HASH_LENGTH } from './hashes';
import { fromBase64, isKeyName, NoteFault, openNote, type NoteVerifier } from './note';

/** What a log says of itself: so many leaves, with that root. */
export interface Checkpoint {
  /** Names the log: an address without its scheme. */
  origin: string;
  size: number;
  root: Buffer;
  /** Further lines, which are signed as well; we write none. */
  extensions?: string[];
}

/** The text that is signed. */
export function checkpointText({ origin, size, root, extensions = [] }: Checkpoint): string {
  return [origin, String(size), root.toString('base64'), ...extensions, ''].join('\n');
}

/** @throws NoteFault malformed. @see C2SP tlog-checkpoint */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, size, encoded, ...extensions] = lines.slice(0, -1);
  const root = fromBase64(encoded ?? '');
  if (lines.at(-1) !== '' || !origin || !isKeyName(origin) || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || !Number.isSafeInteger(Number(size))) throw malformed();
  if (root?.length !== HASH_LENGTH || extensions.includes('')) throw malformed();
  return { origin, size: Number(size), root, ...(extensions.length > 0 && { extensions }) };
}

/**
 * A checkpoint that one of these keys, of the log that it names, has signed.
 *
 * @throws NoteFault
 */
export function openCheckpoint(note: string, verifiers: readonly NoteVerifier[]): Checkpoint & { signedBy: NoteVerifier[] } {
  const { text, signedBy } = openNote(note, verifiers);
  const checkpoint = parseCheckpoint(text);
  if (!signedBy.some((verifier) => verifier.isWitness || verifier.name === checkpoint.origin)) throw new NoteFault('unverified', 'the key is another log’s');
  return { ...checkpoint, signedBy };
}

const malformed = (): NoteFault => new NoteFault('malformed', 'not a checkpoint');
