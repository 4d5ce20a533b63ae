import { createHash } from 'node:crypto';
import { Fault } from '@carespine/fhir';
import { jsonOf, Refusal, type Line } from '@carespine/line-import';
import { isTooDeep } from '@carespine/service-kit';
import type { Grant } from '../permissions/permission';
import type { DocumentReference } from '../pointers/document-reference';
import { rowOf, type PointerRow } from '../pointers/pointer-row';
import { checkedPointer } from '../validation/checked-pointer';

/** A line that may be loaded. */
export interface Candidate {
  line: Line;
  pointer: DocumentReference;
  row: PointerRow;
  /** Replaces other pointers. */
  supersedes: boolean;
}

/** Each fault of a line in one sentence. */
export const refusalOf = (fault: Fault): Refusal =>
  new Refusal(
    fault.details.expression,
    [fault, ...(fault.details.further ?? [])]
      .map(({ details, message }) => (details.expression ? `${details.expression}: ${message}` : message))
      .join('; '),
  );

/**
 * Holds a line against the rules of the API.
 *
 * @returns undefined for a blank line
 * @throws Refusal
 */
export function candidateOf(line: Line, organisation: string, grant: Grant, now: string): Candidate | undefined {
  const read = jsonOf(line);
  if (!read) return undefined;
  const { text, value } = read;
  if (isTooDeep(text)) throw new Refusal(undefined, 'nests too deeply');
  const hasId = typeof value === 'object' && value !== null && 'id' in value;
  try {
    const checked = checkedPointer(value, organisation, hasId);
    const pointer = hasId ? checked : { ...checked, id: idOf(text, organisation) };
    const isDateKept = pointer.date !== undefined && grant.controls.has('allow_override_creation_datetime');
    const row = rowOf(pointer, pointer.id, now, isDateKept ? pointer.date : undefined);
    if (!grant.types.has(row.type)) throw new Refusal('type.coding[0].code', 'is of a type that the organisation may not produce');
    return { line, pointer, row, supersedes: pointer.relatesTo?.some(({ code }) => code === 'replaces') ?? false };
  } catch (error) {
    throw error instanceof Fault ? refusalOf(error) : error;
  }
}

/** An id made of the content, so that a file that is read again makes no second pointer. */
function idOf(text: string, organisation: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return `${organisation}-${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
