import type { Cell } from './columns';

/** Spreadsheets take a file without it for one of the code page of the machine. */
export const BYTE_ORDER_MARK = '\ufeff';

/**
 * One line of a file, with its CRLF.
 *
 * @see RFC 4180
 */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map((cell) => `"${harmless(String(cell)).replaceAll('"', '""')}"`).join(',')}\r\n`;

/**
 * A spreadsheet would run a text that begins so (quotes and blanks before it do not help) as a formula, and with it whatever a
 * user id or a query was made to hold; an apostrophe in front keeps it a text.
 *
 * @see OWASP, CSV Injection
 */
const harmless = (text: string): string => (/^["'\s\p{C}]*[=+\-@\t\r\n＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text);
