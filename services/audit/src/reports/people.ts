import { Injectable } from '@nestjs/common';
import { Database } from '@carespine/service-kit';

/** A member of staff, by the register that access records and the staff files fill. */
export interface Person {
  userId: string;
  name: string;
  jobRoleName: string;
}

const SHOWN = 50;

/** Who works in an organisation. */
@Injectable()
export class People {
  constructor(private readonly database: Database) {}

  /** People whose name holds every word of the text, in the order of the alphabet. */
  async named(odsCode: string, text: string): Promise<Person[]> {
    const words = text.split(/\s+/).filter(Boolean).map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
    return this.read('ods_code = $1 AND name ILIKE ALL($2::text[])', [odsCode, words]);
  }

  /** By user id; those that the register does not know are left out. */
  async byId(odsCode: string, userIds: string[]): Promise<Map<string, Person>> {
    const people = await this.read('ods_code = $1 AND user_id = ANY($2::text[])', [odsCode, userIds]);
    return new Map(people.map((person) => [person.userId, person]));
  }

  private async read(condition: string, values: unknown[]): Promise<Person[]> {
    const { rows } = await this.database.query<{ user_id: string; name: string; job_role_name: string }>({
      text: `SELECT user_id, min(name) AS name, string_agg(DISTINCT job_role_name, ', ') AS job_role_name
        FROM staff_members WHERE ${condition} GROUP BY user_id ORDER BY min(name), user_id LIMIT ${values[1] instanceof Array && condition.includes('ILIKE') ? SHOWN : 1000}`,
      values,
    });
    return rows.map((row) => ({ userId: row.user_id, name: row.name, jobRoleName: row.job_role_name }));
  }
}
