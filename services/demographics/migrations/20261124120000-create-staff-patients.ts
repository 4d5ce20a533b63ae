import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who of the staff is a patient too, as the audit service tells: to know whose household a user opens. */
export class CreateStaffPatients20261124120000 implements MigrationInterface {
  readonly name = 'CreateStaffPatients20261124120000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE staff_patients (user_id text CONSTRAINT staff_patients_pkey PRIMARY KEY, nhs_number text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE staff_patients');
  }
}
