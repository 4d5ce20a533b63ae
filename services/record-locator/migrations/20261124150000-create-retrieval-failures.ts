import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * For a custodian to see what it has here: its own pointers, newest first and counted by type from the index alone; and which of
 * them could not be opened, without a word of who asked or of the patient.
 */
export class CreateRetrievalFailures20261124150000 implements MigrationInterface {
  readonly name = 'CreateRetrievalFailures20261124150000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX pointers_by_custodian ON pointers (custodian, date DESC, id DESC) INCLUDE (type);

      CREATE TABLE retrieval_failures (
        number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT retrieval_failures_pkey PRIMARY KEY,
        failed_at timestamptz NOT NULL DEFAULT now(),
        custodian text NOT NULL,
        pointer_id text COLLATE "C" NOT NULL,
        code text NOT NULL
      );
      CREATE INDEX retrieval_failures_by_custodian ON retrieval_failures (custodian, failed_at DESC);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE retrieval_failures; DROP INDEX pointers_by_custodian');
  }
}
