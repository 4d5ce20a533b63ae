import { createHash, timingSafeEqual } from 'node:crypto';
import { readPeople, type PeopleData, type Person, type Role } from './people-file';

/** A role as CIS2's userinfo shows it (`nhsid_nrbac_roles[]`). */
export interface NrbacRole {
  person_orgid: string;
  person_roleid: string;
  org_code: string;
  role_code: string;
  role_name: string;
  activities?: string[];
  activity_codes?: string[];
  workgroups?: string[];
  workgroups_codes?: string[];
  aow?: string[];
  aow_codes?: string[];
}

/** The claims of a person in the shape of CIS2's userinfo, all scopes together. */
export interface UserInfo {
  sub: string;
  [claim: string]: unknown;
}

/** Everybody who can sign in, and what CIS2 says about them. */
export class People {
  private readonly data: PeopleData;

  /** @throws Error that names file, person and field, when a file does not hold what it should */
  constructor(paths: string[]) {
    this.data = readPeople(paths);
  }

  all(): Person[] {
    return [...this.data.people.values()];
  }

  find(id: string): Person | undefined {
    return this.data.people.get(id);
  }

  organisationName(code: string): string {
    return this.data.organisations.get(code)?.name ?? code;
  }

  /** Role as people say it: "Clinical Practitioner Access Role, Example Trust (RZZ01)". */
  describe(role: Role): string {
    const jobRole = role.roleName.split('":"')[2]?.replace(/"$/, '') ?? role.roleName;
    return `${jobRole}, ${this.organisationName(role.organisation)} (${role.organisation})`;
  }

  /** @see identity and access, "Scopes": which scope shows which of these claims is the provider's table */
  userInfo(person: Person): UserInfo {
    const name = [person.familyName, person.givenName, person.title].filter(Boolean).join(' ');
    const organisations = distinct(person.roles, (role) => role.organisation);
    return {
      sub: person.id,
      uid: person.id,
      name,
      family_name: person.familyName,
      given_name: person.givenName,
      ...(person.email && { email: person.email }),
      nhsid_useruid: person.id,
      ...(person.title && { title: person.title }),
      initials: initials(person),
      ...(person.middleNames && { middle_names: person.middleNames }),
      display_name: name,
      idassurancelevel: String(person.idAssuranceLevel),
      nhsid_nrbac_roles: person.roles.map((role) => this.nrbacRole(role)),
      nhsid_user_orgs: organisations.map((role) => ({
        org_code: role.organisation,
        org_name: this.organisationName(role.organisation),
      })),
      nhsid_org_memberships: organisations.map((role) => this.membership(role)),
      nhsid_org_roles: organisations.map((role) => this.membership(role)),
      ...person.professionalIds,
    };
  }

  private membership(role: Role): { person_orgid: string; org_name: string; org_code: string } {
    return { person_orgid: role.personOrgId, org_name: this.organisationName(role.organisation), org_code: role.organisation };
  }

  private nrbacRole(role: Role): NrbacRole {
    const { activityCodes = [], workgroups = [], areasOfWork = [] } = role;
    const activities = activityCodes.map((code) => this.data.activities.get(code));
    return {
      person_orgid: role.personOrgId,
      person_roleid: role.id,
      org_code: role.organisation,
      role_code: role.roleCode,
      role_name: role.roleName,
      // Parallel to the codes, so all the names or none.
      ...(activities.length && activities.every((activity) => activity !== undefined) && { activities }),
      ...(activityCodes.length && { activity_codes: activityCodes }),
      ...(workgroups.length && { workgroups, workgroups_codes: workgroups.map((name) => workgroupCode(role.organisation, name)) }),
      ...(areasOfWork.length && { aow: areasOfWork.map((area) => area.name), aow_codes: areasOfWork.map((area) => area.code) }),
    };
  }
}

export function passwordMatches(person: Person, password: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return person.password !== undefined && timingSafeEqual(digest(person.password), digest(password));
}

/** 12 digits that stay the same for a workgroup of an organisation; CIS2 has its own numbers. */
function workgroupCode(organisation: string, name: string): string {
  const number = createHash('sha256').update(`${organisation}:${name}`).digest().readUInt32BE();
  return `555${String(number % 1_000_000_000).padStart(9, '0')}`;
}

function initials(person: Person): string {
  return `${person.givenName} ${person.middleNames ?? ''}`
    .split(/\s+/)
    .map((name) => name.charAt(0).toUpperCase())
    .join('');
}

function distinct<T>(items: T[], key: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();
}
