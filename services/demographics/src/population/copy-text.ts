import { NAME_COLUMNS, PATIENT_COLUMNS, type NameRow, type PatientRow } from '../patients/patient-row';

export const COPY_PATIENTS = `COPY patients (${PATIENT_COLUMNS.join(', ')}) FROM STDIN`;
export const COPY_NAMES = `COPY patient_names (${NAME_COLUMNS.join(', ')}) FROM STDIN`;

type Value = string | number | boolean | null | string[];

/**
 * Lines as COPY reads them, gathered as bytes: a string that is written at once dies young, and a batch of them does not.
 *
 * @see PostgreSQL, COPY: text format; and Arrays: input syntax
 */
export class CopyLines {
  private buffer: Buffer;
  private end = 0;

  constructor(expectedBytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(expectedBytes);
  }

  addPatient(row: PatientRow): void {
    let line = '';
    for (const column of PATIENT_COLUMNS) line += (line && '\t') + field(row[column]);
    this.write(line);
  }

  addName(row: NameRow): void {
    let line = '';
    for (const column of NAME_COLUMNS) line += (line && '\t') + field(row[column]);
    this.write(line);
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.end);
  }

  private write(line: string): void {
    // three bytes are the most that a character of UTF-16 becomes
    const most = line.length * 3 + 1;
    if (this.end + most > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.end + most));
      this.buffer.copy(larger, 0, 0, this.end);
      this.buffer = larger;
    }
    this.end += this.buffer.write(line, this.end);
    this.buffer[this.end++] = 0x0a;
  }
}

function field(value: Value): string {
  if (typeof value === 'string') return value.length > 200 ? longField(value) : escaped(value);
  if (value === null) return '\\N';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return String(value);
  if (value.length === 0) return '{}';
  return escaped(`{${value.map((item) => `"${/["\\]/.test(item) ? item.replace(/["\\]/g, '\\$&') : item}"`).join(',')}}`);
}

/** JSON text: it holds no control characters, and to look for one character is much faster than to look for four. */
function longField(text: string): string {
  return text.startsWith('{"') && !text.includes('\\') ? text : escaped(text);
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!) : text;
}
