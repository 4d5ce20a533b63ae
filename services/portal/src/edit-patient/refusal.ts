import type { ApiRefused } from '../apis/api-client';
import { lower, type Errors } from '../forms/form';
import type { EditField } from './area';

/** What the API found wrong with a change, at the question that it is about. */
export function refusalInWords(fields: readonly EditField[], refused: ApiRefused): Errors {
  if (refused.code === 'FORBIDDEN_UPDATE') {
    return { change: 'This change is not allowed. The national back office can make it: contact your service desk' };
  }
  // The most telling pattern wins: `given/1` is about middle names, though `given` alone would do for first names.
  const field = fields
    .filter(({ element }) => element.test(refused.element))
    .toSorted((a, b) => b.element.source.length - a.element.source.length)[0];
  if (!field) return { change: reason(refused.diagnostics) };
  const label = lower(field.label);
  if (refused.code === 'MISSING_VALUE') return { [field.name]: `Enter ${label}` };
  if (refused.code === 'UNSUPPORTED_CHARACTERS_IN_FIELD')
    return { [field.name]: `${field.label} has a letter or sign that the record cannot hold` };
  return { [field.name]: `Check ${label}: the national record did not accept it` };
}

/** Strips the API's preamble, e.g. `Invalid update with error - `. */
function reason(diagnostics: string): string {
  const said = diagnostics.replace(/^[^-]* - /, '').replace(/^'|'$/g, '');
  return said ? `The national record did not accept this change: ${said}` : 'The national record did not accept this change';
}
