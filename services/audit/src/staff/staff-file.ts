import { readFileSync } from 'node:fs';
import { isNhsNumber } from '@carespine/fhir';

/** What a people file says of one member of staff. */
export interface StaffFacts {
  userId: string;
  /** Her own number, where she is a patient too. */
  nhsNumber?: string;
  positions: { odsCode: string; name: string; jobRole: string; jobRoleName: string }[];
  /** Role profiles that have ended or will, with the last day, `yyyy-mm-dd`. */
  ended: { roleProfileId: string; day: string }[];
}

interface PeopleFile {
  people?: {
    id: string;
    title?: string;
    givenName: string;
    familyName: string;
    nhsNumber?: string;
    roles?: { id: string; organisation: string; roleCode: string; roleName: string; ended?: string }[];
  }[];
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
    return people.map(({ id, title, givenName, familyName, nhsNumber, roles = [] }) => {
      if (nhsNumber !== undefined && !isNhsNumber(nhsNumber)) throw new Error(`${path}: person ${id}: nhsNumber is not valid`);
      const name = [title, givenName, familyName].filter(Boolean).join(' ');
      const positions = new Map(
        roles
          .filter(({ ended }) => ended === undefined || ended >= today)
          .reverse() // of two in one organisation the first counts
          .map((role) => [role.organisation, { odsCode: role.organisation, name, jobRole: partOf(role.roleCode), jobRoleName: partOf(role.roleName) }]),
      );
      return {
        userId: id,
        ...(nhsNumber !== undefined && { nhsNumber }),
        positions: [...positions.values()],
        ended: roles.flatMap((role) => (role.ended === undefined ? [] : [{ roleProfileId: role.id, day: role.ended }])),
      };
    });
  });
}

/** CIS2 writes a role as `"Clinical":"Clinical Provision":"Nurse Access Role"` and `S8000:G8000:R8001`: the last part is the position. */
const partOf = (role: string): string => (role.split(':').at(-1) ?? '').replaceAll('"', '');
