import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Fault } from '@carespine/fhir';
import type { Grant } from '../permissions/permission';
import type { DocumentReference } from '../pointers/document-reference';
import { rowOf, type PointerRow } from '../pointers/pointer-row';
import { checkedPointer } from '../validation/checked-pointer';
import { LONGEST_LINE, type Line } from './lines';

/** A line that may be loaded. */
export interface Candidate {
  line: Line;
  pointer: DocumentReference;
  row: PointerRow;
  /** Replaces other pointers. */
  supersedes: boolean;
}

/** Why a line is not loaded. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    reason: string,
    readonly expression?: string,
  ) {
    super(reason);
  }
}

/** Each fault of a line in one sentence. */
export const refusalOf = (fault: Fault): Refusal =>
  new Refusal(
    [fault, ...(fault.details.further ?? [])]
      .map(({ details, message }) => (details.expression ? `${details.expression}: ${message}` : message))
      .join('; '),
    fault.details.expression,
  );

/**
 * Holds a line against the rules of the API.
 *
 * @returns undefined for a blank line
 * @throws Refusal
 */
export function candidateOf(line: Line, organisation: string, grant: Grant, now: string): Candidate | undefined {
  const text = textOf(line);
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('is not JSON');
  }
  const hasId = typeof value === 'object' && value !== null && 'id' in value;
  try {
    const checked = checkedPointer(value, organisation, hasId);
    const pointer = hasId ? checked : { ...checked, id: idOf(text, organisation) };
    const isDateKept = pointer.date !== undefined && grant.controls.has('allow_override_creation_datetime');
    const row = rowOf(pointer, pointer.id, now, isDateKept ? pointer.date : undefined);
    if (!grant.types.has(row.type)) throw new Refusal('is of a type that the organisation may not produce', 'type.coding[0].code');
    return { line, pointer, row, supersedes: pointer.relatesTo?.some(({ code }) => code === 'replaces') ?? false };
  } catch (error) {
    throw error instanceof Fault ? refusalOf(error) : error;
  }
}

function textOf({ number, bytes }: Line): string {
  if (!bytes) throw new Refusal(`is longer than ${LONGEST_LINE / 1024} KiB`);
  if (!isUtf8(bytes)) throw new Refusal('is not UTF-8');
  const text = bytes.toString('utf8');
  return number === 1 ? text.replace(/^\uFEFF/, '') : text;
}

/** An id made of the content, so that a file that is read again makes no second pointer. */
function idOf(text: string, organisation: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return `${organisation}-${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
