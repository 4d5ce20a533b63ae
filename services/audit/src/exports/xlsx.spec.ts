import { unzipSync } from 'fflate';
import fc from 'fast-check';
import { xlsx, xlsxRow } from './xlsx';

const filesOf = async (...rows: string[]): Promise<Record<string, string>> => {
  const chunks: Buffer[] = [];
  const source = async function* (): AsyncGenerator<Buffer> {
    for (const row of rows) yield Buffer.from(row);
  };
  for await (const chunk of xlsx(source())) chunks.push(chunk);
  return Object.fromEntries(Object.entries(unzipSync(Buffer.concat(chunks))).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));
};

describe('a workbook', () => {
  it('holds the parts that ECMA-376 asks for, and the rows', async () => {
    const files = await filesOf(xlsxRow(['Name', 'Count']), xlsxRow(['Ada', 5]));
    expect(Object.keys(files)).toEqual(['[Content_Types].xml', '_rels/.rels', 'xl/workbook.xml', 'xl/_rels/workbook.xml.rels', 'xl/worksheets/sheet1.xml']);
    expect(files['xl/worksheets/sheet1.xml']).toContain('<row><c t="inlineStr"><is><t xml:space="preserve">Ada</t></is></c><c><v>5</v></c></row>');
  });

  it('holds texts as texts, never as formulas or markup', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('=1+1', '</t><f>1+1</f>', '_x003D_1', '\u0000')), (text) => {
        const inner = /^<row><c t="inlineStr"><is><t xml:space="preserve">([^<]*)<\/t><\/is><\/c><\/row>$/.exec(xlsxRow([text]))?.[1];
        expect(inner).toBeDefined();
        expect(inner).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#13;)/);
      }),
    );
    expect(xlsxRow(['_x003D_1'])).toContain('_x005F_x003D_1');
  });

  it('fails when its rows cannot be read to the end', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from(xlsxRow(['a']));
      throw new Error('connection lost');
    };
    await expect(async () => {
      for await (const _ of xlsx(broken())) void _;
    }).rejects.toThrow('connection lost');
  });
});
