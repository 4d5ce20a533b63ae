import type { AccessTrail } from '@carespine/access-control';

/**
 * Records the answer as an access to each patient whom it names.
 *
 * @see audit specification, "AuditEvent shape": a multi-patient search result makes one event per patient
 */
export function openEach(trail: AccessTrail, nhsNumbers: readonly (string | undefined)[]): void {
  const opened = new Set(trail.opened.map(({ nhsNumber }) => nhsNumber));
  for (const nhsNumber of new Set(nhsNumbers)) if (nhsNumber && !opened.has(nhsNumber)) trail.open(nhsNumber);
}
