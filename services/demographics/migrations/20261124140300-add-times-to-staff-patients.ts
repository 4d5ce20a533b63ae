import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a user was told to be a patient, or no longer one: an event that is older says nothing new. */
export class AddTimesToStaffPatients20261124140300 implements MigrationInterface {
  readonly name = 'AddTimesToStaffPatients20261124140300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE staff_patients ALTER COLUMN nhs_number DROP NOT NULL, ADD COLUMN told_at timestamptz NOT NULL DEFAULT '-infinity'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM staff_patients WHERE nhs_number IS NULL; ALTER TABLE staff_patients ALTER COLUMN nhs_number SET NOT NULL, DROP COLUMN told_at');
  }
}
