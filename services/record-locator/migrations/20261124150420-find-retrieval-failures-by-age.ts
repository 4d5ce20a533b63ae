import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose time is over is found without reading the rest, whichever custodian it is of. */
export class FindRetrievalFailuresByAge20261124150420 implements MigrationInterface {
  readonly name = 'FindRetrievalFailuresByAge20261124150420';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX retrieval_failures_by_age ON retrieval_failures (failed_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX retrieval_failures_by_age');
  }
}
