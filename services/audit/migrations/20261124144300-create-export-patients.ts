import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom an exported file names: fetching it is an access to each of them. */
export class CreateExportPatients20261124144300 implements MigrationInterface {
  readonly name = 'CreateExportPatients20261124144300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE export_patients (
        export_id uuid NOT NULL CONSTRAINT export_patients_of REFERENCES exports (id) ON DELETE CASCADE,
        nhs_number text NOT NULL,
        CONSTRAINT export_patients_pkey PRIMARY KEY (export_id, nhs_number)
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE export_patients');
  }
}
