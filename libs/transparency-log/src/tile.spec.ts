import fc from 'fast-check';
import { edgeTilesOf, entryBundle, parseTilePath, tilePath, tileWidthIn } from './tile';

describe('C2SP tlog-tiles, paths', () => {
  it.each([
    [0, 0, 256, 'tile/0/000'],
    [0, 5, 255, 'tile/0/005.p/255'],
    [2, 1000, 256, 'tile/2/x001/000'],
    [0, 1234067, 256, 'tile/0/x001/x234/067'],
    ['entries' as const, 1234067, 8, 'tile/entries/x001/x234/067.p/8'],
  ])('writes level %p, tile %p, width %p as %p', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
    expect(parseTilePath(path)).toEqual({ level, index, width });
  });

  it('reads back every path that it writes', () => {
    const address = fc.tuple(fc.integer({ min: 0, max: 63 }), fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 256 }));
    fc.assert(fc.property(address, ([level, index, width]) => expect(parseTilePath(tilePath(level, index, width))).toEqual({ level, index, width })));
  });

  it.each(['tile/0/0', 'tile/0/1234', 'tile/0/x000/001', 'tile/0/001/002', 'tile/0/x001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/01', 'tile/00/000', 'tile/64/000', 'tile/-1/000', 'tile/0/000/', 'tile/0/000.p', 'tile/data/000', 'tile/0/../0', ''])(
    'refuses %p, which is no way to write one',
    (path) => expect(parseTilePath(path)).toBeUndefined(),
  );
});

describe('which tiles there are', () => {
  it('keeps the last of each level, and no empty one', () => {
    expect(edgeTilesOf(0)).toEqual([]);
    expect(edgeTilesOf(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(edgeTilesOf(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
  });

  it('says how many hashes a tile holds', () => {
    expect(tileWidthIn(300, { level: 0, index: 0 })).toBe(256);
    expect(tileWidthIn(300, { level: 0, index: 1 })).toBe(44);
    expect(tileWidthIn(300, { level: 0, index: 2 })).toBe(0);
    expect(tileWidthIn(300, { level: 1, index: 0 })).toBe(1);
    expect(tileWidthIn(255, { level: 1, index: 0 })).toBe(0);
  });

  it('writes entries after their lengths', () => {
    expect(entryBundle([Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c')]).toString('hex')).toBe('0002616200000001' + '63');
    expect(() => entryBundle([Buffer.alloc(65_536)])).toThrow('out of range');
  });
});
