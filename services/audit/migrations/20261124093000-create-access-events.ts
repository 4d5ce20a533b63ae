import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every access, for ever as it was recorded: the payload is the event's own bytes, the columns beside it are what is searched.
 * Append-only: the table refuses UPDATE, DELETE and TRUNCATE from anybody.
 */
export class CreateAccessEvents20261124093000 implements MigrationInterface {
  readonly name = 'CreateAccessEvents20261124093000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE access_events (
        event_id uuid CONSTRAINT access_events_pkey PRIMARY KEY,
        recorded timestamptz NOT NULL,
        ods_code text NOT NULL,
        user_id text NOT NULL,
        nhs_number text NOT NULL,
        request_id text NOT NULL,
        outcome smallint NOT NULL,
        payload bytea NOT NULL
      );
      CREATE INDEX access_events_of_patient ON access_events (nhs_number, ods_code, recorded DESC, event_id DESC) WHERE nhs_number <> '';
      CREATE INDEX access_events_of_user ON access_events (user_id, ods_code, recorded DESC, event_id DESC) WHERE user_id <> '';

      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'access events are append-only'; END $$;
      CREATE TRIGGER access_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE access_events; DROP FUNCTION refuse_change');
  }
}
