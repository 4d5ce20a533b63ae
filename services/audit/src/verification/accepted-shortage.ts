import { NoteFault, openNote, signNote, type NoteSigner, type NoteVerifier } from '@carespine/transparency-log';

/** That a service's own count is known to differ from the log: a dead letter was discarded, say, or its database came back from a backup. */
export interface Shortage {
  service: string;
  /** How many more accesses the service has counted than the log holds; below 0 when it has counted fewer. */
  accesses: number;
}

const TITLE = 'carespine.shortage.v1';

/** What the log says of an accepted shortage. The note inside is signed with the log's key, since whoever can write into the database could accept for the operator. */
export function shortageStatement({ service, accesses }: Shortage, signers: readonly NoteSigner[], at = new Date()): object {
  const text = [TITLE, service, String(accesses), at.toISOString(), ''].join('\n');
  return { statement: 'shortage', service, accesses, at: at.toISOString(), note: signNote(text, signers) };
}

/** @returns undefined unless one of the log's keys has signed it */
export function openShortage(note: unknown, verifiers: readonly NoteVerifier[]): Shortage | undefined {
  try {
    const [title, service = '', accesses = ''] = openNote(String(note), verifiers).text.split('\n');
    return title === TITLE && service !== '' && /^-?\d{1,15}$/.test(accesses) ? { service, accesses: Number(accesses) } : undefined;
  } catch (error) {
    if (error instanceof NoteFault) return undefined;
    throw error;
  }
}
