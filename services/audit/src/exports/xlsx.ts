import type { Cell } from './columns';
import { zip } from './zip';

/** The longest text that a cell can hold. */
const LONGEST = 32_767;

/** A row of a sheet. Texts are typed as texts, so that none of them is taken for a formula. */
export const xlsxRow = (cells: readonly Cell[]): string =>
  `<row>${cells.map((cell) => (typeof cell === 'number' ? `<c><v>${cell}</v></c>` : `<c t="inlineStr"><is><t xml:space="preserve">${textOf(cell)}</t></is></c>`)).join('')}</row>`;

/**
 * An Office Open XML workbook of one sheet, made while its rows are read.
 *
 * @param rows bytes of {@link xlsxRow}s
 * @see ECMA-376, part 1, 18.3 (SpreadsheetML worksheets)
 */
export async function* xlsx(rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  async function* sheet(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews><sheetData>`);
    yield* rows;
    yield Buffer.from('</sheetData></worksheet>');
  }
  const fixed = async function* (text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(XML + text);
  };
  yield* zip([
    { name: '[Content_Types].xml', content: fixed(CONTENT_TYPES) },
    { name: '_rels/.rels', content: fixed(relationship('officeDocument', 'xl/workbook.xml')) },
    { name: 'xl/workbook.xml', content: fixed(WORKBOOK) },
    { name: 'xl/_rels/workbook.xml.rels', content: fixed(relationship('worksheet', 'worksheets/sheet1.xml')) },
    { name: 'xl/worksheets/sheet1.xml', content: sheet() },
  ]);
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
const CONTENT_TYPES = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${SPREADSHEET}.worksheet+xml"/></Types>`;
const WORKBOOK = `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}"><sheets><sheet name="Report" sheetId="1" r:id="rId1"/></sheets></workbook>`;

const relationship = (type: string, target: string): string =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${RELATIONSHIPS}/${type}" Target="${target}"/></Relationships>`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

/** XML knows no control characters, and spreadsheets read `_x0041_` as the letter A. */
const textOf = (text: string): string =>
  text
    .slice(0, LONGEST)
    .toWellFormed()
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/[&<>"\r]/g, (character) => ENTITIES[character] ?? '');
