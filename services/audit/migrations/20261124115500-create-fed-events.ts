import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What suppliers fed, by the request and by their own id of the event, so that a repeat is known as one. */
export class CreateFedEvents20261124115500 implements MigrationInterface {
  readonly name = 'CreateFedEvents20261124115500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE fed_events (
        client_id text NOT NULL,
        ods_code text NOT NULL,
        request_id uuid NOT NULL,
        audit_event_id text,
        event_id uuid NOT NULL,
        digest bytea NOT NULL,
        CONSTRAINT fed_events_pkey PRIMARY KEY (client_id, ods_code, request_id)
      );
      CREATE UNIQUE INDEX fed_events_of_supplier ON fed_events (client_id, ods_code, audit_event_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE fed_events');
  }
}
