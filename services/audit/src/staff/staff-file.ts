import { readFileSync } from 'node:fs';
import { isCalendarDate, isNhsNumber } from '@carespine/fhir';

/** What a people file says of one member of staff. */
export interface StaffFacts {
  userId: string;
  /** Her own number, where she is a patient too. */
  nhsNumber?: string;
  /** Every role of today; of two in one organisation the first is the main one. */
  positions: { odsCode: string; name: string; jobRole: string; jobRoleName: string }[];
  /** Role profiles that have ended or will, with the last day, `yyyy-mm-dd`. */
  ended: { roleProfileId: string; day: string }[];
}

interface Role {
  id: string;
  organisation: string;
  roleCode: string;
  roleName: string;
  ended?: string;
}

interface Person {
  id: string;
  title?: string;
  givenName: string;
  familyName: string;
  nhsNumber?: string;
  roles?: Role[];
}

interface PeopleFile {
  people?: Person[];
}

/**
 * The staff of files of the people file's shape, which the identity provider's side checks in full.
 *
 * @param today London calendar date: a role past its last day is no position any more
 * @throws Error naming file and person, never an NHS number
 */
export function readStaff(paths: string[], today: string): StaffFacts[] {
  return paths.flatMap((path) => {
    const { people = [] } = JSON.parse(readFileSync(path, 'utf8')) as PeopleFile;
    return people.map((person) => {
      const fault = faultOf(person);
      if (fault) throw new Error(`${path}: person ${String(person?.id)}: ${fault}`);
      return factsOf(person, today);
    });
  });
}

function factsOf({ id, title, givenName, familyName, nhsNumber, roles = [] }: Person, today: string): StaffFacts {
  // as the gateway says it, and so as access records do
  const name = [title, givenName, familyName].filter(Boolean).join(' ');
  return {
    userId: id,
    ...(nhsNumber !== undefined && { nhsNumber }),
    positions: roles
      .filter(({ ended }) => ended === undefined || ended >= today)
      .map((role) => ({ odsCode: role.organisation, name, jobRole: partOf(role.roleCode), jobRoleName: partOf(role.roleName) })),
    ended: roles.flatMap((role) => (role.ended === undefined ? [] : [{ roleProfileId: role.id, day: role.ended }])),
  };
}

function faultOf(person: Person | null): string | undefined {
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  if (!/^\d{12}$/.test(person?.id ?? '') || !isText(person?.givenName) || !isText(person?.familyName)) return 'has no id or no name';
  if (person?.nhsNumber !== undefined && !isNhsNumber(person.nhsNumber)) return 'nhsNumber is no valid NHS number';
  const isRole = (role: Role): boolean =>
    [role.id, role.organisation, role.roleCode, role.roleName].every(isText) && (role.ended === undefined || (isText(role.ended) && isCalendarDate(role.ended)));
  return person?.roles?.every(isRole) === false ? 'has a role that is incomplete, or ended on no day' : undefined;
}

/** CIS2 writes a role as `"Clinical":"Clinical Provision":"Nurse Access Role"` and `S8000:G8000:R8001`: the last part is the position. */
const partOf = (role: string): string => (role.split(':').at(-1) ?? '').replaceAll('"', '');
