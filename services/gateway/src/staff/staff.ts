import type { Organisation } from '@carespine/access-control';
import { levelOf } from './id-token';
import { IdentityRefused } from './identity-refused';

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
  /** `id_assurance_level`, 1 to 3; 0 when userinfo says nothing of it. */
  idAssurance: number;
  positions: StaffPosition[];
  /** `selected_roleid`, where the provider had the user choose. */
  selectedRoleId?: string;
  /** A role lacked its id. It is not among the positions; an API refuses such a list altogether. */
  hasRoleWithoutId?: true;
}

const TWELVE_DIGITS = /^\d{12}$/;
const ODS_CODE = /^[A-Z0-9]{3,12}$/;
const ROLE_CODE = /^S\d{4}:G\d{4}:(R\d{4})$/;
/** Far above what any person has; an answer beyond is not one. */
const MOST_ROLES = 500;
const MOST_CODES = 1000;
const LONGEST_TEXT = 300;

/**
 * Reads a userinfo answer: untrusted input until here. Positions are those that can be offered: they have an id, and
 * their organisation is among the user's.
 *
 * @throws IdentityRefused `userinfo.<claim>`
 * @see identity and access specification, "Userinfo role object" and "Role selection"
 */
export function staffOf(userinfo: unknown): Staff {
  const claims = objectIn(userinfo, 'shape');
  const userId = textIn(claims, 'sub', TWELVE_DIGITS);
  for (const claim of ['uid', 'nhsid_useruid']) if (claims[claim] !== undefined && claims[claim] !== userId) throw refuse(claim);
  const organisations = new Map(
    listIn(claims, 'nhsid_user_orgs', MOST_ROLES).map((entry) => {
      const organisation = objectIn(entry, 'nhsid_user_orgs');
      const odsCode = textIn(organisation, 'org_code', ODS_CODE, 'nhsid_user_orgs');
      return [odsCode, { odsCode, name: optionalText(organisation, 'org_name', 'nhsid_user_orgs') ?? odsCode }];
    }),
  );
  const roles = listIn(claims, 'nhsid_nrbac_roles', MOST_ROLES).map((entry) => objectIn(entry, 'nhsid_nrbac_roles'));
  const withId = roles.filter(({ person_roleid }) => person_roleid !== undefined && person_roleid !== null && person_roleid !== '');
  const positions = withId.map((role) => positionOf(role, organisations));
  if (new Set(positions.map(({ id }) => id)).size < positions.length) throw refuse('nhsid_nrbac_roles');
  const selected = claims['selected_roleid'];
  return {
    userId,
    name: nameIn(claims),
    idAssurance: claims['idassurancelevel'] === undefined ? 0 : (levelOf(claims['idassurancelevel']) ?? refused('idassurancelevel')),
    positions: positions.filter(({ organisation }) => organisations.has(organisation.odsCode)),
    ...(selected !== undefined && { selectedRoleId: textIn(claims, 'selected_roleid', TWELVE_DIGITS) }),
    ...(withId.length < roles.length && { hasRoleWithoutId: true }),
  };
}

function positionOf(role: Record<string, unknown>, organisations: ReadonlyMap<string, Organisation>): StaffPosition {
  const list = 'nhsid_nrbac_roles';
  const odsCode = textIn(role, 'org_code', ODS_CODE, list);
  return {
    id: textIn(role, 'person_roleid', TWELVE_DIGITS, list),
    jobRole: ROLE_CODE.exec(textIn(role, 'role_code', ROLE_CODE, list))?.[1] ?? '',
    name: lastNameOf(optionalText(role, 'role_name', list) ?? ''),
    organisation: organisations.get(odsCode) ?? { odsCode, name: odsCode },
    activityCodes: textsIn(role, 'activity_codes'),
    workgroups: textsIn(role, 'workgroups'),
  };
}

/** `"Clinical":"Clinical Provision":"Nurse"` → `Nurse` */
const lastNameOf = (roleName: string): string => /(?:^|":)"([^"]*)"$/.exec(roleName)?.[1] ?? roleName;

/** As people say it: `Dr Ngozi Okafor`. CIS2's `name` is in the order of a directory, and only used where there is no better. */
function nameIn(claims: Record<string, unknown>): string {
  const [name, title, given, family] = ['name', 'title', 'given_name', 'family_name'].map((claim) => optionalText(claims, claim));
  return name && !(given && family) ? name : [title, given, family].filter(Boolean).join(' ');
}

const refuse = (claim: string): IdentityRefused => new IdentityRefused('userinfo', claim);

function refused(claim: string): never {
  throw refuse(claim);
}

function objectIn(value: unknown, claim: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(claim);
  return value as Record<string, unknown>;
}

/** An absent array is empty. */
function listIn(from: Record<string, unknown>, claim: string, most: number, named = claim): unknown[] {
  const value = from[claim];
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > most) throw refuse(named);
  return value as unknown[];
}

function textsIn(role: Record<string, unknown>, claim: string): string[] {
  return listIn(role, claim, MOST_CODES, 'nhsid_nrbac_roles').map((value) => (isText(value) ? value : refused('nhsid_nrbac_roles')));
}

function textIn(from: Record<string, unknown>, claim: string, pattern: RegExp, named = claim): string {
  const value = from[claim];
  return typeof value === 'string' && pattern.test(value) ? value : refused(named);
}

function optionalText(from: Record<string, unknown>, claim: string, named = claim): string | undefined {
  const value = from[claim];
  if (value === undefined || value === null) return undefined;
  return isText(value) ? value : refused(named);
}

/** Text that can be shown and recorded: not endless, no control characters. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TEXT && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value);
}
