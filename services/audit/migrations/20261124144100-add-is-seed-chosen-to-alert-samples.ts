import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether the officer named a sample's seed; and the alerts that an access led to. */
export class AddIsSeedChosenToAlertSamples20261124144100 implements MigrationInterface {
  readonly name = 'AddIsSeedChosenToAlertSamples20261124144100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE alert_samples ADD COLUMN is_seed_chosen boolean NOT NULL DEFAULT false;
      CREATE INDEX sampled_alerts_of_alert ON sampled_alerts (reference);
      CREATE INDEX alert_evidence_of_access ON alert_evidence (event_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX alert_evidence_of_access, sampled_alerts_of_alert; ALTER TABLE alert_samples DROP COLUMN is_seed_chosen');
  }
}
