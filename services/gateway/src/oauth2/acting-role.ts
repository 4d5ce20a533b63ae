import { Fault } from '@carespine/fhir';
import type { StaffPosition } from '../staff/staff';
import type { AccessGrant } from './access-tokens';

const HEADER = 'NHSD-Session-URID';

/**
 * The position in which a user acts in one API call: the one that the header names; else the one that she chose at sign-in;
 * else the only one that she has.
 *
 * A header that fits none of her roles is refused with 401 `ACCESS_DENIED`, since it may be somebody else's role. The Personal
 * Demographics Service alone prescribes 400 `INVALID_VALUE` for it, and for a blank header of a user with several roles; its
 * clients branch on the code, so that API keeps its answer. Elsewhere a blank header is as good as none.
 *
 * @param sessionUrid the header as it came
 * @param product of the API that is called
 * @throws Fault
 * @see identity and access specification, "Role selection", rule 7 and its table; demographics specification, "Headers"
 */
export function positionOf(grant: Pick<AccessGrant, 'staff' | 'selectedRoleId'>, sessionUrid?: string, product?: string): StaffPosition {
  const positions = grant.staff?.positions ?? [];
  if (grant.staff?.hasRoleWithoutId) throw unauthorised("The list of the user's roles holds one without an id");
  const [first] = positions;
  if (!first) throw unauthorised('The user has no role');
  const isBlank = sessionUrid?.trim() === '';
  if (sessionUrid !== undefined && !isBlank) return held(positions, sessionUrid) ?? refuseHeader(sessionUrid, product);
  if (isBlank && positions.length > 1 && product === DEMOGRAPHICS) return refuseHeader('', product);
  if (grant.selectedRoleId !== undefined) {
    const selected = held(positions, grant.selectedRoleId);
    if (!selected) throw unauthorised("selected_roleid of the ID token is not one of the user's roles");
    return selected;
  }
  if (positions.length > 1) throw unauthorised(`The user has several roles: name one of them in ${HEADER}`);
  return first;
}

const DEMOGRAPHICS = 'personal-demographics-service';

const held = (positions: readonly StaffPosition[], id: string): StaffPosition | undefined =>
  positions.find((position) => position.id === id);

function refuseHeader(value: string, product: string | undefined): never {
  if (product !== DEMOGRAPHICS) throw unauthorised(`${HEADER} is not one of the user's roles`);
  const shown = value.length > 100 ? '<too long>' : value.replace(/[^\x20-\x7e]/g, '?');
  throw new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${shown}' in header '${HEADER}'` });
}

const unauthorised = (diagnostics: string): Fault =>
  new Fault('ACCESS_DENIED', {
    status: 401,
    issueCode: 'login',
    display: 'Access Denied - Unauthorised',
    diagnostics,
    headers: { 'www-authenticate': 'Bearer' },
  });
