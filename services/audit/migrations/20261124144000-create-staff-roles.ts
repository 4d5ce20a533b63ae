import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each role that somebody holds, one row each: of the staff files, or met in an access record. `staff_members` keeps the names, by which people
 * are found whether or not accents are typed.
 */
export class CreateStaffRoles20261124144000 implements MigrationInterface {
  readonly name = 'CreateStaffRoles20261124144000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE staff_roles (
        user_id text NOT NULL,
        ods_code text NOT NULL,
        job_role text NOT NULL,
        from_file boolean NOT NULL,
        met_on date NOT NULL,
        CONSTRAINT staff_roles_pkey PRIMARY KEY (user_id, ods_code, job_role)
      );
      CREATE INDEX staff_roles_of_organisation ON staff_roles (ods_code, job_role);
      INSERT INTO staff_roles SELECT user_id, ods_code, job_role, false, current_date FROM staff_members WHERE job_role <> '';
      ALTER TABLE staff_members ADD COLUMN folded_name text NOT NULL GENERATED ALWAYS AS (lower(regexp_replace(normalize(name, NFD), '[\\u0300-\\u036f]', '', 'g'))) STORED;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE staff_members DROP COLUMN folded_name; DROP TABLE staff_roles');
  }
}
