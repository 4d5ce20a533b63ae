import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the log of accesses publishes: tiles, checkpoints and statements of its own; and what erases at the end of retention without breaking it.
 * Checkpoints, cosignatures and statements are append-only; a tile only grows until it is full.
 */
export class CreateTransparencyLog20261124123000 implements MigrationInterface {
  readonly name = 'CreateTransparencyLog20261124123000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE log_tiles (
        level smallint NOT NULL,
        tile_index bigint NOT NULL,
        hashes bytea NOT NULL,
        CONSTRAINT log_tiles_pkey PRIMARY KEY (level, tile_index),
        CONSTRAINT log_tiles_whole CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0)
      );
      ALTER TABLE log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
      CREATE TABLE checkpoints (
        number bigint CONSTRAINT checkpoints_pkey PRIMARY KEY,
        tree_size bigint NOT NULL CONSTRAINT checkpoints_of_size UNIQUE,
        root_hash bytea NOT NULL,
        note text NOT NULL,
        signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE TABLE cosignatures (
        checkpoint bigint NOT NULL,
        witness text NOT NULL,
        line text NOT NULL,
        CONSTRAINT cosignatures_pkey PRIMARY KEY (checkpoint, witness)
      );
      CREATE TABLE log_statements (
        leaf_index bigint CONSTRAINT log_statements_pkey PRIMARY KEY,
        statement text NOT NULL,
        leaf_hash bytea NOT NULL
      );
      CREATE TABLE log_freeze (
        frozen_at timestamptz NOT NULL DEFAULT clock_timestamp() CONSTRAINT log_freeze_pkey PRIMARY KEY,
        reason text NOT NULL,
        thawed_at timestamptz
      );
      CREATE TABLE summaries (
        number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT summaries_pkey PRIMARY KEY,
        leaf_index bigint
      );
      CREATE TABLE summary_patients (
        summary bigint NOT NULL,
        patient_key bytea NOT NULL,
        position bigint NOT NULL,
        last_leaf bytea NOT NULL,
        accesses bigint NOT NULL,
        CONSTRAINT summary_patients_pkey PRIMARY KEY (summary, patient_key)
      );
      CREATE TABLE summary_tiles (
        summary bigint NOT NULL,
        level smallint NOT NULL,
        tile_index bigint NOT NULL,
        hashes bytea NOT NULL,
        CONSTRAINT summary_tiles_pkey PRIMARY KEY (summary, level, tile_index)
      );
      CREATE TABLE litigation_holds (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT litigation_holds_pkey PRIMARY KEY,
        case_reference text NOT NULL,
        nhs_number text,
        placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        released_at timestamptz
      );
      COMMENT ON COLUMN litigation_holds.nhs_number IS 'the patient whose accesses are held; null holds those of everybody';
      CREATE TABLE erased_leaves (
        leaf_index bigint CONSTRAINT erased_leaves_pkey PRIMARY KEY,
        leaf_data bytea NOT NULL,
        erasure bigint NOT NULL
      );
      COMMENT ON COLUMN erased_leaves.erasure IS 'leaf index of the statement that says so';
      ALTER TABLE patient_chain ADD COLUMN erased bigint NOT NULL DEFAULT 0;
      CREATE TABLE uncounted_accesses (service text CONSTRAINT uncounted_accesses_pkey PRIMARY KEY, accesses bigint NOT NULL);
      COMMENT ON TABLE uncounted_accesses IS 'accesses from before services counted what they emit';
      INSERT INTO uncounted_accesses SELECT service, count(*) FROM access_events GROUP BY service;

      CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
      CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER cosignatures_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER log_statements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_statements FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER erased_leaves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_leaves FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER log_tiles_stay BEFORE DELETE OR TRUNCATE ON log_tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER log_tiles_grow BEFORE UPDATE ON log_tiles FOR EACH ROW
        WHEN (NEW.level <> OLD.level OR NEW.tile_index <> OLD.tile_index OR substr(NEW.hashes, 1, octet_length(OLD.hashes)) <> OLD.hashes)
        EXECUTE FUNCTION refuse_log_change();

      -- erasure alone may change access events: within erase_accesses, which its owner wrote and the service only calls
      CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'access_events' AND current_setting('carespine.erasure', true) = pg_current_xact_id()::text
            AND (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = (SELECT oid FROM pg_roles WHERE rolname = current_user) THEN
            RETURN NULL;
          END IF;
          RAISE EXCEPTION 'access events are append-only';
        END $$;
    `);
    await runner.query(ERASE_ACCESSES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION erase_accesses;
      CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'access events are append-only'; END $$;
      ALTER TABLE patient_chain DROP COLUMN erased;
      DROP TABLE log_tiles, checkpoints, cosignatures, log_statements, log_freeze, summaries, summary_patients, summary_tiles, litigation_holds, erased_leaves, uncounted_accesses;
      DROP FUNCTION refuse_log_change;
    `);
  }
}

/**
 * Erases up to `most` accesses behind the leaf index `beyond` that were recorded before `cutoff` (of services with a longer retention: before theirs in `longer`, JSON of service → instant),
 * unless a hold keeps them; says so in a leaf of its own. Answers how many, and the last of them.
 * What stays of an access is its place, its leaf hash and which service answered.
 */
export const ERASE_ACCESSES = `
  CREATE FUNCTION erase_accesses(cutoff timestamptz, longer jsonb, beyond bigint, most int, OUT accesses int, OUT last_index bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  DECLARE
    erased_now bigint[];
    place bigint;
    said text;
  BEGIN
    IF cutoff > now() - interval '8 years' THEN
      RAISE EXCEPTION 'access events are kept for at least 8 years';
    END IF;
    -- writers of the log take turns, and no hold is placed meanwhile
    SELECT next_index INTO place FROM log_tail FOR UPDATE;
    LOCK TABLE litigation_holds IN SHARE MODE;
    IF EXISTS (SELECT FROM litigation_holds WHERE nhs_number IS NULL AND released_at IS NULL) THEN
      accesses := 0;
      RETURN;
    END IF;
    SELECT array_agg(leaf_index ORDER BY leaf_index) INTO erased_now FROM (
      SELECT e.leaf_index FROM access_events e
      WHERE e.leaf_index > beyond AND e.recorded < cutoff AND e.salt <> ''
        AND (NOT longer ? e.service OR e.recorded < (longer ->> e.service)::timestamptz)
        AND NOT EXISTS (SELECT FROM litigation_holds h WHERE h.nhs_number = e.nhs_number AND h.released_at IS NULL)
      ORDER BY e.leaf_index LIMIT most
    ) AS due;
    accesses := coalesce(cardinality(erased_now), 0);
    IF accesses = 0 THEN
      RETURN;
    END IF;
    last_index := erased_now[accesses];
    INSERT INTO erased_leaves (leaf_index, leaf_data, erasure)
      SELECT leaf_index, sha256(salt || uuid_send(event_id) || previous_leaf || payload), place FROM access_events WHERE leaf_index = ANY (erased_now);
    WITH gone AS (
      SELECT e.nhs_number, count(*) AS times FROM access_events e WHERE e.leaf_index = ANY (erased_now) AND e.nhs_number <> '' GROUP BY e.nhs_number
    ), shortened AS (
      UPDATE patient_chain c SET erased = c.erased + gone.times FROM gone
      WHERE c.nhs_number = gone.nhs_number AND c.erased + gone.times < c.accesses
    )
    DELETE FROM patient_chain c USING gone WHERE c.nhs_number = gone.nhs_number AND c.erased + gone.times = c.accesses;
    PERFORM set_config('carespine.erasure', pg_current_xact_id()::text, true);
    UPDATE access_events SET salt = '', payload = '', previous_leaf = '', recorded = 'epoch', ods_code = '', user_id = '', nhs_number = '', request_id = '',
      outcome = 0, interaction = 0, purpose = '', role_profile_id = '', client_id = '', client_address = ''
      WHERE leaf_index = ANY (erased_now);
    PERFORM set_config('carespine.erasure', '', true);
    said := json_build_object('statement', 'erasure', 'accesses', cardinality(erased_now),
      'indices', encode(sha256(convert_to(array_to_string(erased_now, E'\\n'), 'UTF8')), 'base64'),
      'before', to_char(cutoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text;
    INSERT INTO log_statements (leaf_index, statement, leaf_hash)
      VALUES (place, said, sha256('\\x00'::bytea || sha256(convert_to(E'carespine.statement.v1\\n' || said, 'UTF8'))));
    UPDATE log_tail SET next_index = place + 1;
  END $$;
`;
