import fc from 'fast-check';
import { csvLine } from './csv';

/** As RFC 4180 reads a line. */
function parse(line: string): string[] {
  expect(line.endsWith('\r\n')).toBe(true);
  const cells: string[] = [];
  const cell = /"((?:[^"]|"")*)"(?:,|$)/gy;
  for (let match = cell.exec(line.slice(0, -2)); match; match = cell.exec(line.slice(0, -2))) cells.push((match[1] ?? '').replaceAll('""', '"'));
  return cells;
}

const risky = fc
  .tuple(fc.stringMatching(/^["' \t\u00a0]{0,3}$/), fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '＝', 'a', '1', ''), fc.string({ unit: 'binary', maxLength: 20 }))
  .map((parts) => parts.join(''));

describe('a line of a CSV file', () => {
  it('reads back as what it was made of, however odd the text', () => {
    fc.assert(
      fc.property(fc.array(risky, { minLength: 1, maxLength: 6 }), (cells) => {
        expect(parse(csvLine(cells)).map((read, i) => (read === cells[i] ? read : read.replace(/^'/, '')))).toEqual(cells);
      }),
      { numRuns: 2000 },
    );
  });

  it('never begins a cell with what a spreadsheet takes for a formula, also after quotes and blanks', () => {
    fc.assert(
      fc.property(risky, (cell) => {
        const [read = ''] = parse(csvLine([cell]));
        if (!read.startsWith("'")) expect(read).not.toMatch(/^["\s]*[=+\-@＝＋－＠]|^[\t\r]/);
        else expect(read === `'${cell}` || cell.startsWith("'")).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(csvLine(['=1+1', ' =1', '"=1', "'=1", '\t=1', '-2', '@x', '+1', 'plain', 5, ''])).toBe(
      `"'=1+1","' =1","'""=1","''=1","'\t=1","'-2","'@x","'+1","plain","5",""\r\n`,
    );
  });
});
