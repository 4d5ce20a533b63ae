import { isUtf8 } from 'node:buffer';
import { LONGEST_LINE, type Line } from './lines';
import { Refusal } from './refusal';

/**
 * A line as JSON, with its text.
 *
 * @returns undefined for a blank line
 * @throws Refusal too long, not UTF-8, not JSON
 */
export function jsonOf({ number, bytes }: Line): { text: string; value: unknown } | undefined {
  if (!bytes) throw new Refusal(undefined, `is longer than ${LONGEST_LINE / 1024} KiB`);
  if (!isUtf8(bytes)) throw new Refusal(undefined, 'is not UTF-8');
  const text = number === 1 ? bytes.toString('utf8').replace(/^\uFEFF/, '') : bytes.toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    throw new Refusal(undefined, 'is not JSON');
  }
}
