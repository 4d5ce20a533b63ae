import { EMPTY_ROOT, HASH_LENGTH, nodeHash } from './hashes';
import { foldNodes, nodesOf, splitOf, type Range, type ReadNodes } from './tree';

/**
 * The audit path of one leaf, from the leaf to the root.
 *
 * @throws RangeError when the tree has no such leaf
 * @see RFC 6962, section 2.1.1
 */
export async function proveInclusion(index: number, size: number, read: ReadNodes): Promise<Buffer[]> {
  if (!(index >= 0 && index < size)) throw new RangeError('no such leaf');
  return hashesOf(pathOf(index, 0, size), read);
}

/**
 * That the tree of `from` leaves is the beginning of the tree of `to` leaves; empty when either tells nothing.
 *
 * @throws RangeError when `from` is beyond `to`
 * @see RFC 6962, section 2.1.2
 */
export async function proveConsistency(from: number, to: number, read: ReadNodes): Promise<Buffer[]> {
  if (!(from >= 0 && from <= to)) throw new RangeError('the earlier tree is larger');
  return from === 0 || from === to ? [] : hashesOf(subproofOf(from, 0, to, true), read);
}

function pathOf(index: number, begin: number, end: number): Range[] {
  const path: Range[] = [];
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      path.unshift([middle, end]);
      end = middle;
    } else {
      path.unshift([begin, middle]);
      begin = middle;
    }
  }
  return path;
}

/** @param known whether the verifier knows the hash of this subtree: it is the earlier tree itself */
function subproofOf(from: number, begin: number, end: number, known: boolean): Range[] {
  const proof: Range[] = [];
  while (from !== end - begin) {
    const half = splitOf(end - begin);
    if (from <= half) {
      proof.unshift([begin + half, end]);
      end = begin + half;
    } else {
      proof.unshift([begin, begin + half]);
      begin += half;
      from -= half;
      known = false;
    }
  }
  return known ? proof : [[begin, end], ...proof];
}

async function hashesOf(ranges: Range[], read: ReadNodes): Promise<Buffer[]> {
  const parts = ranges.map(nodesOf);
  const hashes = await read(parts.flat());
  let at = 0;
  return parts.map((part) => foldNodes(hashes.slice(at, (at += part.length))));
}

/** @param proof hashes from the leaf to the root */
export interface Inclusion {
  index: number;
  size: number;
  leafHash: Buffer;
  root: Buffer;
  proof: readonly Buffer[];
}

/** Whether the tree of that root and size holds the leaf at that index. @see RFC 9162, section 2.1.3.2 */
export function verifyInclusion({ index, size, leafHash, root, proof }: Inclusion): boolean {
  if (!isSize(size) || !isSize(index) || index >= size || !areHashes([leafHash, root, ...proof])) return false;
  let at = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && hash.equals(root);
}

export interface Consistency {
  from: number;
  fromRoot: Buffer;
  to: number;
  toRoot: Buffer;
  proof: readonly Buffer[];
}

/** Whether the earlier tree is the beginning of the later one. @see RFC 9162, section 2.1.4.2 */
export function verifyConsistency({ from, fromRoot, to, toRoot, proof }: Consistency): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === to) return proof.length === 0 && fromRoot.equals(toRoot);
  if (from === 0) return proof.length === 0 && fromRoot.equals(EMPTY_ROOT);
  let at = from - 1;
  let last = to - 1;
  while (isOdd(at)) {
    at = half(at);
    last = half(last);
  }
  // the earlier tree is a complete subtree of the later: its hash is known
  const [first, ...rest] = at === 0 ? [fromRoot, ...proof] : proof;
  if (!first) return false;
  let earlier = first;
  let later = first;
  for (const hash of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      earlier = nodeHash(hash, earlier);
      later = nodeHash(hash, later);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      later = nodeHash(later, hash);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && earlier.equals(fromRoot) && later.equals(toRoot);
}

// not bit operations: those are of 32 bits
const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const areHashes = (hashes: readonly Buffer[]): boolean => hashes.every((hash) => hash.length === HASH_LENGTH);
