import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A request waits for the Caldicott Guardian where there is something that she has to decide on; she includes or excludes. Accesses are named by
 * the number that the answer prints.
 */
export class AwaitDecisionsOfGuardian20261124145000 implements MigrationInterface {
  readonly name = 'AwaitDecisionsOfGuardian20261124145000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE subject_access_requests
        DROP CONSTRAINT subject_access_requests_status,
        ADD CONSTRAINT subject_access_requests_status CHECK (status IN ('preparing', 'awaiting-decision', 'ready', 'sent', 'closed', 'failed')),
        ADD COLUMN to_decide jsonb NOT NULL DEFAULT '{}';
      COMMENT ON COLUMN subject_access_requests.to_decide IS 'what waits for a decision → how many were found';
      ALTER TABLE subject_access_exclusions RENAME TO subject_access_decisions;
      ALTER TABLE subject_access_decisions ADD COLUMN decision text NOT NULL DEFAULT 'exclude' CONSTRAINT subject_access_decisions_decision CHECK (decision IN ('exclude', 'include'));
      ALTER TABLE subject_access_decisions ALTER COLUMN decision DROP DEFAULT;
      CREATE TABLE subject_access_shown (
        reference text NOT NULL,
        preparation integer NOT NULL,
        number integer NOT NULL,
        event_id uuid NOT NULL,
        CONSTRAINT subject_access_shown_pkey PRIMARY KEY (reference, preparation, number)
      );
      COMMENT ON COLUMN subject_access_shown.number IS 'as the answer prints it';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE subject_access_shown;
      ALTER TABLE subject_access_decisions DROP COLUMN decision;
      ALTER TABLE subject_access_decisions RENAME TO subject_access_exclusions;
      ALTER TABLE subject_access_requests
        DROP COLUMN to_decide,
        DROP CONSTRAINT subject_access_requests_status,
        ADD CONSTRAINT subject_access_requests_status CHECK (status IN ('preparing', 'ready', 'sent', 'closed', 'failed'));
    `);
  }
}
