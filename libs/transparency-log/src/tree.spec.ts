import fc from 'fast-check';
import { naiveLeaf, naivePath, naiveProof, naiveRoot } from './fixtures/naive';
import { TiledTree } from './fixtures/tiled-tree';
import { EMPTY_ROOT, leafHash, nodeHash } from './hashes';
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from './proof';
import { CompactRange, nodesOf, rootOf } from './tree';

/** The inputs, roots and paths with which Certificate Transparency's own implementations are tested. */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) => Buffer.from(hex, 'hex'));
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSIONS: [leaf: number, size: number, path: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const CONSISTENCIES: [from: number, to: number, proof: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 5, ['5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e', 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
];

const hex = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'));
const treeOf = (data: readonly Uint8Array[]): TiledTree => {
  const tree = new TiledTree();
  for (const one of data) tree.add(one);
  return tree;
};
const leaves = (size: number): Buffer[] => Array.from({ length: size }, (_, i) => Buffer.from(`leaf ${i}`));

describe('RFC 6962, the published vectors', () => {
  const tree = treeOf(INPUTS);

  it('gives the empty tree the hash of nothing', () => {
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(new CompactRange().root).toEqual(EMPTY_ROOT);
  });

  it.each(ROOTS.map((root, i) => [i + 1, root] as const))('has the root of %i leaves', async (size, root) => {
    expect((await rootOf(size, tree.read)).toString('hex')).toBe(root);
    expect(treeOf(INPUTS.slice(0, size)).range.root.toString('hex')).toBe(root);
    expect(naiveRoot(INPUTS.slice(0, size)).toString('hex')).toBe(root);
  });

  it.each(INCLUSIONS)('proves leaf %i of %i', async (index, size, path) => {
    const proof = await proveInclusion(index, size, tree.read);
    expect(hex(proof)).toEqual(path);
    expect(verifyInclusion({ index, size, proof, leafHash: leafHash(INPUTS[index] as Buffer), root: Buffer.from(ROOTS[size - 1] as string, 'hex') })).toBe(true);
  });

  it.each(CONSISTENCIES)('proves that %i is the beginning of %i', async (from, to, expected) => {
    const proof = await proveConsistency(from, to, tree.read);
    expect(hex(proof)).toEqual(expected);
    const [fromRoot, toRoot] = [ROOTS[from - 1], ROOTS[to - 1]].map((root) => Buffer.from(root as string, 'hex')) as [Buffer, Buffer];
    expect(verifyConsistency({ from, to, fromRoot, toRoot, proof })).toBe(true);
  });
});

describe('against the definition', () => {
  it('every root, inclusion and consistency proof of small trees', async () => {
    const data = leaves(34);
    const tree = treeOf(data);
    for (let size = 1; size <= data.length; size++) {
      const d = data.slice(0, size);
      const root = naiveRoot(d);
      expect(await rootOf(size, tree.read)).toEqual(root);
      for (let index = 0; index < size; index++) {
        const proof = await proveInclusion(index, size, tree.read);
        expect(hex(proof)).toEqual(hex(naivePath(index, d)));
        expect(verifyInclusion({ index, size, proof, root, leafHash: naiveLeaf(d[index] as Buffer) })).toBe(true);
      }
      for (let from = 0; from <= size; from++) {
        const proof = await proveConsistency(from, size, tree.read);
        if (from > 0) expect(hex(proof)).toEqual(hex(naiveProof(from, d)));
        expect(verifyConsistency({ from, to: size, fromRoot: naiveRoot(d.slice(0, from)), toRoot: root, proof })).toBe(true);
      }
    }
  });

  it('trees of up to 600 leaves, across tiles', async () => {
    const data = leaves(600);
    const tree = treeOf(data);
    const ofSize = fc.integer({ min: 1, max: 600 }).chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.integer({ min: 1, max: size })));
    await fc.assert(
      fc.asyncProperty(ofSize, async ([size, index, from]) => {
        const d = data.slice(0, size);
        expect(await rootOf(size, tree.read)).toEqual(naiveRoot(d));
        expect(hex(await proveInclusion(index, size, tree.read))).toEqual(hex(naivePath(index, d)));
        expect(hex(await proveConsistency(from, size, tree.read))).toEqual(hex(naiveProof(from, d)));
      }),
      { numRuns: 60 },
    );
  });

  it('verifies every proof up to 600 leaves', async () => {
    const data = leaves(600);
    const tree = treeOf(data);
    const roots: Buffer[] = [EMPTY_ROOT];
    const range = new CompactRange();
    for (const one of data) {
      range.append(leafHash(one));
      roots.push(range.root);
    }
    for (const size of [1, 2, 3, 7, 8, 9, 255, 256, 257, 300, 511, 512, 513, 600]) {
      const root = roots[size] as Buffer;
      for (let index = 0; index < size; index++) {
        expect(verifyInclusion({ index, size, root, leafHash: leafHash(data[index] as Buffer), proof: await proveInclusion(index, size, tree.read) })).toBe(true);
      }
      for (let from = 0; from <= size; from++) {
        expect(verifyConsistency({ from, to: size, fromRoot: roots[from] as Buffer, toRoot: root, proof: await proveConsistency(from, size, tree.read) })).toBe(true);
      }
    }
  });

  it('goes on from its edge as if it had never stopped', async () => {
    const data = leaves(600);
    const tree = treeOf(data);
    await fc.assert(
      fc.asyncProperty(fc.nat(600), async (size) => {
        const range = new CompactRange(size, await tree.read(nodesOf([0, size])));
        for (const one of data.slice(size)) range.append(leafHash(one));
        expect(range.root).toEqual(tree.range.root);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what is not there', async () => {
    const tree = treeOf(leaves(5));
    await expect(proveInclusion(5, 5, tree.read)).rejects.toThrow(RangeError);
    await expect(proveInclusion(-1, 5, tree.read)).rejects.toThrow(RangeError);
    await expect(proveConsistency(6, 5, tree.read)).rejects.toThrow(RangeError);
    await expect(proveInclusion(0, 6, tree.read)).rejects.toThrow(RangeError);
  });
});

describe('proofs that lie', () => {
  const data = leaves(77);
  const tree = treeOf(data);
  const root = naiveRoot(data);
  const flip = (hash: Buffer): Buffer => Buffer.from(hash.map((byte, i) => (i === 7 ? byte ^ 1 : byte)));
  const mutations = (proof: Buffer[]): Buffer[][] => [
    [...proof, Buffer.alloc(32)],
    [...proof, ...proof.slice(-1)],
    [Buffer.alloc(32), ...proof],
    proof.slice(1),
    proof.slice(0, -1),
    [],
    ...proof.map((_, i) => proof.map((hash, j) => (i === j ? flip(hash) : hash))),
    ...proof.map((_, i) => proof.map((hash, j) => (i === j ? hash.subarray(0, 31) : hash))),
    ...(proof.length > 1 ? [[proof[1] as Buffer, proof[0] as Buffer, ...proof.slice(2)]] : []),
  ];

  it('an inclusion proof altered, too long or too short', async () => {
    for (const index of [0, 1, 40, 63, 64, 75, 76]) {
      const proof = await proveInclusion(index, 77, tree.read);
      const claim = { index, size: 77, root, leafHash: leafHash(data[index] as Buffer) };
      expect(verifyInclusion({ ...claim, proof })).toBe(true);
      for (const altered of mutations(proof)) expect(verifyInclusion({ ...claim, proof: altered })).toBe(false);
    }
  });

  it('a proof of another leaf, at another place or in another tree', async () => {
    const proof = await proveInclusion(40, 77, tree.read);
    const claim = { index: 40, size: 77, root, leafHash: leafHash(data[40] as Buffer), proof };
    expect(verifyInclusion({ ...claim, leafHash: leafHash(data[41] as Buffer) })).toBe(false);
    for (let index = 0; index < 200; index++) if (index !== 40) expect(verifyInclusion({ ...claim, index })).toBe(false);
    expect(verifyInclusion({ ...claim, root: flip(root) })).toBe(false);
    for (const size of [0, 1, 40, 41, 64, 1e9, 2 ** 53, -1, 1.5, NaN]) expect(verifyInclusion({ ...claim, size })).toBe(false);
    for (const index of [-1, 0.5, NaN, 77, 2 ** 60]) expect(verifyInclusion({ ...claim, index })).toBe(false);
  });

  it('a node shown as a leaf, and a leaf that holds two hashes', async () => {
    const pair = treeOf(data.slice(0, 2));
    const children = data.slice(0, 2).map((one) => leafHash(one)) as [Buffer, Buffer];
    // second preimage: without the prefixes this leaf would have the hash of the node
    expect(leafHash(Buffer.concat(children))).not.toEqual(pair.range.root);
    expect(nodeHash(...children)).toEqual(pair.range.root);
    const proof = await proveInclusion(0, 76, tree.read);
    expect(verifyInclusion({ index: 0, size: 38, root: naiveRoot(data.slice(0, 76)), leafHash: leafHash(Buffer.concat(children)), proof: proof.slice(1) })).toBe(false);
  });

  it('a consistency proof altered, or of other trees', async () => {
    for (const from of [1, 2, 32, 40, 63, 64, 65, 76]) {
      const proof = await proveConsistency(from, 77, tree.read);
      const claim = { from, to: 77, fromRoot: naiveRoot(data.slice(0, from)), toRoot: root };
      expect(verifyConsistency({ ...claim, proof })).toBe(true);
      for (const altered of mutations(proof)) if (altered.length > 0 || proof.length > 0) expect(verifyConsistency({ ...claim, proof: altered })).toBe(false);
      expect(verifyConsistency({ ...claim, proof, fromRoot: flip(claim.fromRoot) })).toBe(false);
      expect(verifyConsistency({ ...claim, proof, toRoot: flip(root) })).toBe(false);
      if (from > 1) expect(verifyConsistency({ ...claim, from: from - 1, proof })).toBe(false);
    }
    expect(verifyConsistency({ from: 77, to: 77, fromRoot: root, toRoot: flip(root), proof: [] })).toBe(false);
    expect(verifyConsistency({ from: 0, to: 77, fromRoot: EMPTY_ROOT, toRoot: root, proof: [root] })).toBe(false);
    expect(verifyConsistency({ from: 77, to: 76, fromRoot: root, toRoot: root, proof: [] })).toBe(false);
  });
});
