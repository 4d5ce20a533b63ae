import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A search counts once, and as a trace when it looks for a patient: the service counts anew from the start of the log. */
export class RecountActivity20261124144200 implements MigrationInterface {
  readonly name = 'RecountActivity20261124144200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('TRUNCATE activity_by_hour, enquiries_by_day; UPDATE activity_cursor SET next_leaf = 0');
  }

  async down(): Promise<void> {
    // the counts are right for what there was before, too
  }
}
