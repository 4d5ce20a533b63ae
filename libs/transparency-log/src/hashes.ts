import { hash } from 'node:crypto';

/** Length in bytes of every hash here: SHA-256. */
export const HASH_LENGTH = 32;

export const sha256 = (data: Uint8Array): Buffer => hash('sha256', data, 'buffer');

/** Root of the tree without leaves. */
export const EMPTY_ROOT: Buffer = sha256(new Uint8Array());

/**
 * SHA-256(0x00 ‖ data).
 *
 * @see RFC 6962, section 2.1: the prefix keeps a node from being taken for a leaf
 */
export function leafHash(data: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + data.length);
  prefixed[0] = 0;
  prefixed.set(data, 1);
  return sha256(prefixed);
}

const pair = Buffer.alloc(1 + 2 * HASH_LENGTH);
pair[0] = 1;

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_LENGTH);
  return sha256(pair);
}
