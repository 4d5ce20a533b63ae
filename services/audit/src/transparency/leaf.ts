import { createHash, randomBytes } from 'node:crypto';

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

/**
 * The event's leaf hash: 32 bytes, SHA-256(0x00 ‖ leaf data), where leaf data is SHA-256(salt ‖ event id ‖ previous leaf ‖ payload).
 *
 * @see RFC 6962, section 2.1; audit specification, "Tamper evidence"
 */
export function leafHashOf({ salt, eventId, previousLeaf, payload }: Leaf): Buffer {
  const data = createHash('sha256')
    .update(salt)
    .update(Buffer.from(eventId.replaceAll('-', ''), 'hex'))
    .update(previousLeaf)
    .update(payload)
    .digest();
  return createHash('sha256').update(LEAF).update(data).digest();
}

const LEAF = Buffer.of(0);

export const newSalt = (): Buffer => randomBytes(16);
