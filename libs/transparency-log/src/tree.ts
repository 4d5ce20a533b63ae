import { EMPTY_ROOT, nodeHash } from './hashes';

/** A complete subtree of 2^level leaves, the first of them at index × 2^level. */
export interface Node {
  level: number;
  index: number;
}

/** @returns the hashes of the nodes, in their order */
export type ReadNodes = (nodes: Node[]) => Promise<Buffer[]>;

/** Half-open range of leaf indices that a hash of a proof stands for. */
export type Range = readonly [begin: number, end: number];

/** The largest power of two below n, for n of 2 or more. */
export function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The complete subtrees that a range of an RFC 6962 tree is made of, left to right. The range begins where the tree splits. */
export function nodesOf([begin, end]: Range): Node[] {
  const nodes: Node[] = [];
  for (let at = begin; at < end; ) {
    let level = 0;
    let width = 1;
    while (width * 2 <= end - at && at % (width * 2) === 0) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The hash of a range from those of its complete subtrees. */
export function foldNodes(hashes: readonly Buffer[]): Buffer {
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** Root of the tree of the first `size` leaves. */
export async function rootOf(size: number, read: ReadNodes): Promise<Buffer> {
  return foldNodes(await read(nodesOf([0, size])));
}

/** The right edge of a growing tree: all that is needed to go on, a hash for each binary digit of its size. */
export class CompactRange {
  /** @param edge hashes of `nodesOf([0, size])` */
  constructor(
    private length = 0,
    private readonly edge: Buffer[] = [],
  ) {}

  get size(): number {
    return this.length;
  }

  get root(): Buffer {
    return foldNodes(this.edge);
  }

  /** @param onNode is told of every node that the leaf completes, itself first */
  append(leaf: Buffer, onNode?: (node: Node, hash: Buffer) => void): void {
    let hash = leaf;
    let index = this.length;
    onNode?.({ level: 0, index }, hash);
    for (let level = 1; index % 2 === 1; level++) {
      hash = nodeHash(this.edge.pop() as Buffer, hash);
      index = (index - 1) / 2;
      onNode?.({ level, index }, hash);
    }
    this.edge.push(hash);
    this.length++;
  }
}
