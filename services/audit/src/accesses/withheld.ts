import type { Principal } from '@carespine/access-control';
import type { AccessRecorded } from '@carespine/contracts';

/** CP-IS (child protection) and FGM information, whose disclosure can put somebody in danger. */
export const isSafeguarding = ({ service, resourceType, interactionName }: Pick<AccessRecorded, 'service' | 'resourceType' | 'interactionName'>): boolean =>
  /cp-?is\b|child.?protection|\bfgm\b|female.?genital|safeguarding/i.test(`${service} ${resourceType} ${interactionName}`);

/** Held by whoever has B0107, "view CP-IS". */
const VIEW_CPIS = 'cpis.view-unscheduled';

/** As much of a caller as decides it. */
export type Reader = Pick<Principal, 'permissions'>;

export const mayReadCpis = (who: Reader): boolean => who.permissions.has(VIEW_CPIS);

/**
 * An access as it is shown: of one to child protection or FGM information, without B0107, who and when alone, and not what it was.
 *
 * @see identity and access specification, access reports: "CP-IS adds B0107"
 */
export function shownTo<Found extends { record: AccessRecorded }>(who: Reader, found: Found): Found {
  if (mayReadCpis(who) || !isSafeguarding(found.record)) return found;
  const nothing = { resourceType: '', resourceId: '', resourceVersion: '', query: '', request: '', relationship: '', permissionToView: '', note: '', alertType: 0, alertReason: 0, original: new Uint8Array() };
  return { ...found, record: { ...found.record, ...nothing, service: 'withheld', interactionName: 'Withheld: needs B0107' } };
}
