import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Counts that the reports on a whole organisation read instead of every access; what was recorded before is counted by the service. */
export class CreateActivityCounts20261124114500 implements MigrationInterface {
  readonly name = 'CreateActivityCounts20261124114500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE activity_by_hour (
        ods_code text NOT NULL,
        hour timestamptz NOT NULL,
        user_id text NOT NULL,
        day date NOT NULL,
        hour_of_week smallint NOT NULL,
        acts integer NOT NULL,
        reads integer NOT NULL,
        searches integer NOT NULL,
        changes integer NOT NULL,
        refusals integer NOT NULL,
        emergencies integer NOT NULL,
        patients integer NOT NULL DEFAULT 0,
        CONSTRAINT activity_by_hour_pkey PRIMARY KEY (ods_code, hour, user_id)
      );
      CREATE TABLE enquiries_by_day (
        ods_code text NOT NULL,
        user_id text NOT NULL,
        nhs_number text NOT NULL,
        day date NOT NULL,
        traces integer NOT NULL,
        views integer NOT NULL,
        changes integer NOT NULL,
        first timestamptz NOT NULL,
        last timestamptz NOT NULL,
        CONSTRAINT enquiries_by_day_pkey PRIMARY KEY (ods_code, user_id, nhs_number, day)
      );
      CREATE TABLE activity_cursor (next_leaf bigint NOT NULL, pruned_on date NOT NULL);
      INSERT INTO activity_cursor (next_leaf, pruned_on) VALUES (0, now());
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE activity_cursor, enquiries_by_day, activity_by_hour');
  }
}
