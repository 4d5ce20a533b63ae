import { permissionsOfRole } from '@carespine/access-control';
import type { Staff, StaffPosition } from '../staff/staff';
import { SignInRefused } from './sign-in-refused';

/** Which positions the platform takes. */
export interface Admission {
  /** ODS codes of the organisations that use the platform. */
  organisations: ReadonlySet<string>;
  /** `cancer-mdt:*` or an exact name; none where no team is required. */
  workgroup?: string;
}

/**
 * The position of a sign-in: the one that CIS2 had the user pick, or the only one there is.
 *
 * @returns undefined when several fit and none is picked
 * @throws SignInRefused
 * @see identity and access specification, "Role selection", rules 1 to 5
 */
export function positionOf(staff: Staff, aal: number, admission: Admission): StaffPosition | undefined {
  const usable = staff.positions.filter((position) => opensAnything(staff, position, aal));
  if (usable.length === 0) throw new SignInRefused('role', 'role.none');
  if (staff.selectedRoleId !== undefined) {
    const selected = heldPosition(staff, staff.selectedRoleId);
    if (usable.includes(selected)) return admitted(selected, admission);
  }
  const registered = usable.filter(({ organisation }) => admission.organisations.has(organisation.odsCode));
  if (registered.length === 0) throw new SignInRefused('organisation', 'role.organisation');
  const inTeam = registered.filter((position) => isInTeam(position, admission));
  if (inTeam.length === 0) throw new SignInRefused('workgroup', 'role.workgroup');
  // a pick that opens nothing is not quietly replaced by another
  return inTeam.length === 1 && staff.selectedRoleId === undefined ? inTeam[0] : undefined;
}

/**
 * The position that a user asks for by its id.
 *
 * @throws SignInRefused when it is not hers, opens nothing, or the platform does not take it
 */
export function chosenPosition(staff: Staff, roleId: string, aal: number, admission: Admission): StaffPosition {
  const position = heldPosition(staff, roleId);
  if (!opensAnything(staff, position, aal)) throw new SignInRefused('role', 'role.no-access');
  return admitted(position, admission);
}

function heldPosition(staff: Staff, roleId: string): StaffPosition {
  const position = staff.positions.find(({ id }) => id === roleId);
  if (!position) throw new SignInRefused('role', 'role.not-held');
  return position;
}

function admitted(position: StaffPosition, admission: Admission): StaffPosition {
  if (!admission.organisations.has(position.organisation.odsCode)) throw new SignInRefused('organisation', 'role.organisation');
  if (!isInTeam(position, admission)) throw new SignInRefused('workgroup', 'role.workgroup');
  return position;
}

/** Now, or after a stronger sign-in. */
function opensAnything({ idAssurance }: Staff, position: StaffPosition, aal: number): boolean {
  const { granted, stepUp } = permissionsOfRole({ ...position, aal, idAssurance });
  return granted.size + stepUp.size > 0;
}

function isInTeam({ workgroups }: StaffPosition, { workgroup }: Admission): boolean {
  if (workgroup === undefined) return true;
  return workgroup.endsWith('*') ? workgroups.some((name) => name.startsWith(workgroup.slice(0, -1))) : workgroups.includes(workgroup);
}
