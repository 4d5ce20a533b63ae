import { Injectable } from '@nestjs/common';
import { Database } from '@carespine/service-kit';

/** A member of staff, by the register that access records and the staff files fill. */
export interface Person {
  userId: string;
  name: string;
  jobRoleName: string;
}

const MOST = 50;

/** Who works in an organisation. */
@Injectable()
export class People {
  constructor(private readonly database: Database) {}

  /** People whose name holds every word of the text, in the order of the alphabet. */
  named(odsCode: string, text: string): Promise<Person[]> {
    const words = text.split(/\s+/).filter(Boolean).map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
    return this.read(`ods_code = $1 AND name ILIKE ALL($2::text[]) ORDER BY name, user_id LIMIT ${MOST}`, [odsCode, words]);
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
