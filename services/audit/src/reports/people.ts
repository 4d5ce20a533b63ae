import { Injectable } from '@nestjs/common';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';

/** A member of staff, by the register that access records and the staff files fill. */
export interface Person {
  userId: string;
  name: string;
  jobRoleName: string;
}

/** Who can be shown to choose from. */
const MOST = 50;
/** Whom a report can be filtered by at once. */
const MOST_OF_A_NAME = 1000;

/** Who works in an organisation. */
@Injectable()
export class People {
  constructor(private readonly database: Database) {}

  /** People whose name holds every word of the text, whatever its accents, in the order of the alphabet; `more` where there are others. */
  async named(odsCode: string, text: string): Promise<{ people: Person[]; more?: true }> {
    const people = await this.read(`ods_code = $1 AND folded_name LIKE ALL($2::text[]) ORDER BY name, user_id LIMIT ${MOST + 1}`, [odsCode, wordsOf(text)]);
    return { people: people.slice(0, MOST), ...(people.length > MOST && { more: true }) };
  }

  /**
   * The ids of everybody of such a name.
   *
   * @throws Fault where the name fits too many to tell them apart by it
   */
  async idsOf(odsCode: string, text: string): Promise<string[]> {
    const { rows } = await this.database.query<{ user_id: string }>({
      text: `SELECT user_id FROM staff_members WHERE ods_code = $1 AND folded_name LIKE ALL($2::text[]) LIMIT ${MOST_OF_A_NAME + 1}`,
      values: [odsCode, wordsOf(text)],
    });
    if (rows.length > MOST_OF_A_NAME) throw new Fault('INVALID_SEARCH_DATA', { diagnostics: `The name fits more than ${MOST_OF_A_NAME} people: say more of it`, expression: 'userName' });
    return rows.map((row) => row.user_id);
  }

  /** By user id; those that the register does not know are left out. */
  async byId(odsCode: string, userIds: string[]): Promise<Map<string, Person>> {
    const people = await this.read('ods_code = $1 AND user_id = ANY($2::text[])', [odsCode, userIds]);
    return new Map(people.map((person) => [person.userId, person]));
  }

  private async read(condition: string, values: unknown[]): Promise<Person[]> {
    const { rows } = await this.database.query<{ user_id: string; name: string; job_role_name: string }>({
      text: `SELECT user_id, name, job_role_name FROM staff_members WHERE ${condition}`,
      values,
    });
    return rows.map((row) => ({ userId: row.user_id, name: row.name, jobRoleName: row.job_role_name }));
  }
}

/** As the register folds names. */
const wordsOf = (text: string): string[] =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
