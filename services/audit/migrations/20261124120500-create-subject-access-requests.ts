import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Subject access requests, what was done with each (append-only), what is left out of each by whose decision, and the documents that answer. */
export class CreateSubjectAccessRequests20261124120500 implements MigrationInterface {
  readonly name = 'CreateSubjectAccessRequests20261124120500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE subject_access_requests (
        reference text CONSTRAINT subject_access_requests_pkey PRIMARY KEY,
        ods_code text NOT NULL,
        organisation_name text NOT NULL,
        nhs_number text NOT NULL,
        from_day date NOT NULL,
        to_day date NOT NULL,
        received_on date NOT NULL,
        due_on date NOT NULL,
        extended boolean NOT NULL DEFAULT false,
        identity_checks text[] NOT NULL,
        withhold_names boolean NOT NULL,
        withhold_reason text,
        status text NOT NULL DEFAULT 'preparing'
          CONSTRAINT subject_access_requests_status CHECK (status IN ('preparing', 'ready', 'sent', 'closed', 'failed')),
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
        preparation integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        worked_at timestamptz NOT NULL DEFAULT '-infinity',
        done integer NOT NULL DEFAULT 0,
        total integer,
        accesses integer
      );
      CREATE INDEX subject_access_requests_of_organisation ON subject_access_requests (ods_code, created_at DESC, reference DESC);
      CREATE TABLE subject_access_history (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT subject_access_history_pkey PRIMARY KEY,
        reference text NOT NULL,
        at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
        by_user_id text,
        by_name text,
        step text NOT NULL,
        note text
      );
      CREATE INDEX subject_access_history_of_request ON subject_access_history (reference, id);
      CREATE TABLE subject_access_exclusions (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT subject_access_exclusions_pkey PRIMARY KEY,
        reference text NOT NULL,
        what text NOT NULL,
        reason text NOT NULL,
        accesses uuid[] NOT NULL,
        decided_by text NOT NULL,
        decided_by_name text NOT NULL,
        decided_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp())
      );
      CREATE INDEX subject_access_exclusions_of_request ON subject_access_exclusions (reference);
      CREATE TABLE subject_access_parts (
        reference text NOT NULL,
        preparation integer NOT NULL,
        format text NOT NULL,
        part integer NOT NULL,
        bytes bytea NOT NULL,
        CONSTRAINT subject_access_parts_pkey PRIMARY KEY (reference, preparation, format, part)
      );
    `);
    for (const table of ['subject_access_history', 'subject_access_exclusions']) {
      await runner.query(`CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE subject_access_parts, subject_access_exclusions, subject_access_history, subject_access_requests');
  }
}
