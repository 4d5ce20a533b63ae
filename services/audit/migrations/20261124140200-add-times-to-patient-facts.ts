import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When what is held of a patient became so: an event that is older says nothing new. */
export class AddTimesToPatientFacts20261124140200 implements MigrationInterface {
  readonly name = 'AddTimesToPatientFacts20261124140200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE patient_facts
      ADD COLUMN restricted_at timestamptz NOT NULL DEFAULT '-infinity',
      ADD COLUMN deceased_at timestamptz NOT NULL DEFAULT '-infinity',
      ADD COLUMN superseded_by_at timestamptz NOT NULL DEFAULT '-infinity'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE patient_facts DROP COLUMN superseded_by_at, DROP COLUMN deceased_at, DROP COLUMN restricted_at');
  }
}
