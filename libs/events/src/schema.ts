import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables that every service with events keeps in its own database. */
export class CreateOutboxAndInbox20261124080000 implements MigrationInterface {
  readonly name = 'CreateOutboxAndInbox20261124080000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
        event_id uuid NOT NULL,
        topic text NOT NULL,
        type text NOT NULL,
        key text NOT NULL,
        occurred_at timestamptz NOT NULL,
        traceparent text NOT NULL,
        payload bytea NOT NULL,
        reason text
      ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
      CREATE TABLE inbox (event_id uuid CONSTRAINT inbox_pkey PRIMARY KEY);
      CREATE TABLE consumer_offset (topic text CONSTRAINT consumer_offset_pkey PRIMARY KEY, position bigint NOT NULL);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE consumer_offset, inbox, outbox');
  }
}

/** Counts what the relay has carried, ages the inbox, and addresses replays of dead letters. */
export class AddOutboxTally20261124111500 implements MigrationInterface {
  readonly name = 'AddOutboxTally20261124111500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox_tally (topic text CONSTRAINT outbox_tally_pkey PRIMARY KEY, carried bigint NOT NULL);
      ALTER TABLE inbox ADD COLUMN applied_at timestamptz NOT NULL DEFAULT now();
      ALTER TABLE outbox ADD COLUMN consumer text;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outbox DROP COLUMN consumer; ALTER TABLE inbox DROP COLUMN applied_at; DROP TABLE outbox_tally');
  }
}

/** Keeps what a log refused, the places of a log on Kafka, and since when an event has waited: its own time may be a dead letter's of long ago. */
export class AddKafkaPlaces20261124140000 implements MigrationInterface {
  readonly name = 'AddKafkaPlaces20261124140000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE outbox ADD COLUMN added_at timestamptz NOT NULL DEFAULT now();
      CREATE TABLE outbox_refused (
        LIKE outbox,
        refusal text NOT NULL,
        refused_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT outbox_refused_pkey PRIMARY KEY (id)
      );
      CREATE TABLE kafka_place (
        topic text NOT NULL,
        partition integer NOT NULL,
        position bigint NOT NULL,
        appended_at timestamptz NOT NULL,
        CONSTRAINT kafka_place_pkey PRIMARY KEY (topic, partition)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE kafka_place, outbox_refused; ALTER TABLE outbox DROP COLUMN added_at');
  }
}

/**
 * The tally counts whatever leaves the outbox, in whatever way, and never falls: a row that was taken out unseen is missing where its event should have
 * arrived. Rows of the outbox cannot be altered.
 */
export class CountWhateverLeavesOutbox20261124143100 implements MigrationInterface {
  readonly name = 'CountWhateverLeavesOutbox20261124143100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION count_what_left_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO outbox_tally (topic, carried) SELECT topic, count(*) FROM gone GROUP BY topic
            ON CONFLICT (topic) DO UPDATE SET carried = outbox_tally.carried + excluded.carried;
          RETURN NULL;
        END $$;
      CREATE FUNCTION refuse_outbox_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is not changed so', TG_TABLE_NAME; END $$;
      CREATE TRIGGER outbox_counts AFTER DELETE ON outbox REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_what_left_outbox();
      CREATE TRIGGER outbox_stays BEFORE UPDATE OR TRUNCATE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION refuse_outbox_change();
      CREATE TRIGGER outbox_tally_stays BEFORE DELETE OR TRUNCATE ON outbox_tally FOR EACH STATEMENT EXECUTE FUNCTION refuse_outbox_change();
      CREATE TRIGGER outbox_tally_rises BEFORE UPDATE ON outbox_tally FOR EACH ROW WHEN (NEW.topic <> OLD.topic OR NEW.carried < OLD.carried)
        EXECUTE FUNCTION refuse_outbox_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER outbox_tally_rises ON outbox_tally;
      DROP TRIGGER outbox_tally_stays ON outbox_tally;
      DROP TRIGGER outbox_stays ON outbox;
      DROP TRIGGER outbox_counts ON outbox;
      DROP FUNCTION refuse_outbox_change, count_what_left_outbox;
    `);
  }
}

/** For the start of every service's migrations. */
export const EVENT_MIGRATIONS = [CreateOutboxAndInbox20261124080000, AddOutboxTally20261124111500, AddKafkaPlaces20261124140000, CountWhateverLeavesOutbox20261124143100];
