import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, LONGEST_LINE } from './lines';

describe('lines of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function read(content: string, offset = 0, before = 0) {
    const file = join(folder, 'lines');
    writeFileSync(file, content);
    const all = [];
    for await (const lines of linesOf(file, offset, before)) all.push(...lines);
    return all.map(({ number, end, bytes }) => [number, end, bytes?.toString()]);
  }

  it('end at a line feed, with or without a carriage return, or with the file', async () => {
    expect(await read('one\r\n\nthree')).toEqual([
      [1, 5, 'one'],
      [2, 6, ''],
      [3, 11, 'three'],
    ]);
    expect(await read('')).toEqual([]);
  });

  it('are read on from where an earlier reading ended', async () => expect(await read('one\ntwo\nthree\n', 4, 1)).toEqual([[2, 8, 'two'], [3, 14, 'three']]));

  it('may lie across what is read at once', async () => {
    const long = 'x'.repeat(LONGEST_LINE - 1);
    const all = await read(Array(20).fill(long).join('\n'));
    expect(all).toHaveLength(20);
    expect(all.every(([, , text]) => text === long)).toBe(true);
  });

  it('that are too long are left out, and those after them are not', async () => {
    const tooLong = 'x'.repeat(5_000_000);
    expect(await read(`a\n${tooLong}\nb\n${tooLong}`)).toEqual([
      [1, 2, 'a'],
      [2, 5_000_003, undefined],
      [3, 5_000_005, 'b'],
      [4, 10_000_005, undefined],
    ]);
  });
});
