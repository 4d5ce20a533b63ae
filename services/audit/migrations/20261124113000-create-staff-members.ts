import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who works where: of the staff files and of what access records say. One row a person and organisation, besides the roles that are known to end. */
export class CreateStaffMembers20261124113000 implements MigrationInterface {
  readonly name = 'CreateStaffMembers20261124113000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE staff_members (
        user_id text NOT NULL,
        ods_code text NOT NULL,
        name text NOT NULL,
        job_role text NOT NULL,
        job_role_name text NOT NULL,
        CONSTRAINT staff_members_pkey PRIMARY KEY (user_id, ods_code)
      );
      CREATE INDEX staff_members_of_organisation ON staff_members (ods_code, name);
      CREATE TABLE staff_patients (
        user_id text CONSTRAINT staff_patients_pkey PRIMARY KEY,
        nhs_number text NOT NULL
      );
      CREATE TABLE ended_roles (
        role_profile_id text CONSTRAINT ended_roles_pkey PRIMARY KEY,
        ended date NOT NULL
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ended_roles, staff_patients, staff_members');
  }
}
