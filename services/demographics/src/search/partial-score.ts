import type { PatientSearchCriteria } from './search-parameters';

/** How a record matched a search that is not fuzzy. */
export interface FoundBy {
  family: string;
  first_name: string | null;
  /** Found by a previous name. */
  previous: boolean;
  current_postcode: boolean | null;
  current_email: boolean | null;
  current_phone: boolean | null;
}

const PREVIOUS = 0.9;

/**
 * The score of a match that is not fuzzy: 1 when everything asked for stands on the record as it is now. A wildcard or a
 * previous detail make it partial, the more so the less of a name was typed.
 *
 * @returns above 0 to 1, four decimals; a hit by wildcard is always below 1
 * @see demographics specification, "Result": a score below 1 is a partial match
 */
export function partialScore(asked: PatientSearchCriteria, found: FoundBy): number {
  const { family = '', given, postcode, email, phone } = asked;
  const name = found.previous ? PREVIOUS : 1;
  const agreements = [1, name * typedPart(family, found.family)];
  given.forEach((asked, i) => agreements.push(name * (i === 0 ? typedPart(asked, found.first_name ?? '') : 1)));
  if (postcode !== undefined) agreements.push(typedPart(postcode, 'AA9A 9AA') * (found.current_postcode ? 1 : PREVIOUS));
  if (email !== undefined) agreements.push(found.current_email ? 1 : PREVIOUS);
  if (phone !== undefined) agreements.push(found.current_phone ? 1 : PREVIOUS);
  for (const other of [asked.gender, asked.deathDate, asked.generalPractitioner, asked.managingOrganization]) {
    if (other !== undefined) agreements.push(1);
  }
  const mean = agreements.reduce((sum, agreement) => sum + agreement) / agreements.length;
  return Math.round(mean * 10_000) / 10_000;
}

/** 1 for a value without wildcard, else 0.5 to 0.99 by how much of the text it spells out. */
function typedPart(asked: string, found: string): number {
  if (!asked.includes('*')) return 1;
  return 0.5 + 0.49 * Math.min(1, asked.replaceAll('*', '').length / Math.max(1, found.length));
}
