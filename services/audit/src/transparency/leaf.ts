import { createHash, randomBytes } from 'node:crypto';
import { leafHash } from '@carespine/transparency-log';

/** Stands for "no earlier access of this patient". */
export const FIRST_OF_CHAIN: Buffer = Buffer.alloc(32);

/** What a leaf of the log commits to; each part is kept with the event, byte for byte, and never made again to verify. */
export interface Leaf {
  /** 16 random bytes: without them nobody can guess an event from its leaf. */
  salt: Buffer;
  eventId: string;
  /** Leaf hash of the same patient's access before this one, so that one dropped from the middle is missed; {@link FIRST_OF_CHAIN} for the first. */
  previousLeaf: Buffer;
  payload: Uint8Array;
}

/** The event's leaf data, 32 bytes: SHA-256(salt ‖ event id ‖ previous leaf ‖ payload). Reveals nothing of the event. */
export function leafDataOf({ salt, eventId, previousLeaf, payload }: Leaf): Buffer {
  return createHash('sha256').update(salt).update(Buffer.from(eventId.replaceAll('-', ''), 'hex')).update(previousLeaf).update(payload).digest();
}

/**
 * The event's leaf hash: 32 bytes, SHA-256(0x00 ‖ leaf data).
 *
 * @see RFC 6962, section 2.1; audit specification, "Tamper evidence"
 */
export const leafHashOf = (leaf: Leaf): Buffer => leafHash(leafDataOf(leaf));

export const newSalt = (): Buffer => randomBytes(16);
