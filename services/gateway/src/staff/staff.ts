import type { Organisation } from '@carespine/access-control';

/** One entry of `nhsid_nrbac_roles`, read and checked. */
export interface StaffPosition {
  /** `person_roleid` (URID), 12 digits. */
  id: string;
  /** Last element of `role_code`, e.g. `R8000`. */
  jobRole: string;
  /** Last of the three quoted names of `role_name`. */
  name: string;
  organisation: Organisation;
  activityCodes: string[];
  workgroups: string[];
}

/** A member of staff as the identity provider describes her. */
export interface Staff {
  /** `sub`, 12 digits. */
  userId: string;
  name: string;
  /** `id_assurance_level`, 1 to 3. */
  idAssurance: number;
  positions: StaffPosition[];
  /** `selected_roleid`, where the provider had the user choose. */
  selectedRoleId?: string;
}
