import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ERASE_ACCESSES } from './20261124123000-create-transparency-log';

/**
 * Accesses go at the end of their retention a person at a time: what stands of a patient is then always a whole chain, and retention counts from the
 * last entry. Holds and freezes can only be placed and lifted.
 *
 * @see audit specification, "Retention": at least 8 years after last entry, 30 years for cancer pathway events
 */
export class EraseWholeChains20261124143000 implements MigrationInterface {
  readonly name = 'EraseWholeChains20261124143000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION erase_accesses;
      ALTER TABLE patient_chain DROP COLUMN erased;
      DROP TABLE uncounted_accesses;
      CREATE INDEX erased_leaves_of_erasure ON erased_leaves (erasure);

      CREATE TRIGGER litigation_holds_stay BEFORE DELETE OR TRUNCATE ON litigation_holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER litigation_holds_released_once BEFORE UPDATE ON litigation_holds FOR EACH ROW
        WHEN (OLD.released_at IS NOT NULL OR NEW.released_at IS NULL OR (OLD.id, OLD.case_reference, OLD.placed_at) <> (NEW.id, NEW.case_reference, NEW.placed_at)
          OR OLD.nhs_number IS DISTINCT FROM NEW.nhs_number)
        EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER log_freeze_stays BEFORE DELETE OR TRUNCATE ON log_freeze FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
      CREATE TRIGGER log_freeze_thawed_once BEFORE UPDATE ON log_freeze FOR EACH ROW
        WHEN (OLD.thawed_at IS NOT NULL OR NEW.thawed_at IS NULL OR (OLD.frozen_at, OLD.reason) <> (NEW.frozen_at, NEW.reason))
        EXECUTE FUNCTION refuse_log_change();
    `);
    for (const created of [SAME_PERSON, SETTLED_BEFORE, ERASABLE_ACCESSES, ERASE_WHOLE_CHAINS]) await runner.query(created);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION erase_accesses, erasable_accesses, settled_before, same_person;
      DROP TRIGGER log_freeze_thawed_once ON log_freeze;
      DROP TRIGGER log_freeze_stays ON log_freeze;
      DROP TRIGGER litigation_holds_released_once ON litigation_holds;
      DROP TRIGGER litigation_holds_stay ON litigation_holds;
      DROP INDEX erased_leaves_of_erasure;
      CREATE TABLE uncounted_accesses (service text CONSTRAINT uncounted_accesses_pkey PRIMARY KEY, accesses bigint NOT NULL);
      ALTER TABLE patient_chain ADD COLUMN erased bigint NOT NULL DEFAULT 0;
    `);
    await runner.query(ERASE_ACCESSES);
  }
}

/** Every NHS number that was found to be the same person's, itself among them. */
const SAME_PERSON = `
  CREATE FUNCTION same_person(one text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE same (nhs_number) AS (
      SELECT one
      UNION
      SELECT CASE WHEN f.nhs_number = same.nhs_number THEN f.superseded_by ELSE f.nhs_number END
        FROM same JOIN patient_facts f ON f.superseded_by IS NOT NULL AND (f.nhs_number = same.nhs_number OR f.superseded_by = same.nhs_number)
    ) SELECT nhs_number FROM same $$;
`;

/** Leaves before this place were in the log before that instant, by what the log itself has said and signed behind them: no column's word for it. */
const SETTLED_BEFORE = `
  CREATE FUNCTION settled_before(instant timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(leaf_index), 0) FROM log_statements WHERE (statement::jsonb ->> 'at')::timestamptz < instant $$;
`;

/**
 * Accesses of whom an access stands at a place behind \`beyond\` and up to \`until\`, where all of that person's, of every number of hers, are past their retention;
 * and single ones without a patient. That no number is empty is said again for the index, which holds no others. \`longer\`, JSON of service → instant, can only lengthen what stands here.
 */
const ERASABLE_ACCESSES = `
  CREATE FUNCTION erasable_accesses(cutoff timestamptz, longer jsonb, beyond bigint, until bigint) RETURNS TABLE (leaf_index bigint, service text, held boolean)
  LANGUAGE sql STABLE AS $$
    WITH longest AS (
      SELECT key AS service, value::timestamptz AS before FROM jsonb_each_text(longer) UNION ALL VALUES ('cancer-pathway', now() - interval '30 years')
    ), limits AS MATERIALIZED (
      SELECT service, least(cutoff, min(before)) AS before, settled_before(least(cutoff, min(before))) AS place FROM longest GROUP BY service
    ), every AS MATERIALIZED (
      SELECT settled_before(cutoff) AS place
    ), patients AS MATERIALIZED (
      SELECT DISTINCT e.nhs_number FROM every, access_events e
      WHERE e.leaf_index > beyond AND e.leaf_index <= until AND e.leaf_index < every.place AND e.recorded < cutoff AND e.salt <> '' AND e.nhs_number <> ''
    ), due AS MATERIALIZED (
      SELECT p.nhs_number,
        EXISTS (SELECT FROM litigation_holds h WHERE h.nhs_number IN (SELECT same_person(p.nhs_number)) AND h.released_at IS NULL) AS held
      FROM every, patients p WHERE NOT EXISTS (
        SELECT FROM same_person(p.nhs_number) AS number JOIN access_events kept ON kept.nhs_number = number AND kept.nhs_number <> '' LEFT JOIN limits l ON l.service = kept.service
        WHERE kept.salt <> '' AND (kept.recorded >= coalesce(l.before, cutoff) OR kept.leaf_index >= coalesce(l.place, every.place))
      )
    )
    SELECT e.leaf_index, e.service, due.held FROM due JOIN access_events e ON e.nhs_number = due.nhs_number AND e.nhs_number <> '' WHERE e.salt <> ''
    UNION ALL
    SELECT e.leaf_index, e.service, false FROM every, access_events e LEFT JOIN limits l ON l.service = e.service
    WHERE e.leaf_index > beyond AND e.leaf_index <= until AND e.nhs_number = '' AND e.salt <> ''
      AND e.recorded < coalesce(l.before, cutoff) AND e.leaf_index < coalesce(l.place, every.place) $$;
`;

/**
 * Erases what is erasable and not held among the \`most\` places behind \`beyond\`; says so in a leaf of its own. Answers how many, and the last place looked at: none when there are no more.
 * What stays of an access is its place, its leaf hash and which service answered.
 */
const ERASE_WHOLE_CHAINS = `
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
    accesses := 0;
    -- writers of the log take turns, and no hold is placed meanwhile
    SELECT next_index INTO place FROM log_tail FOR UPDATE;
    LOCK TABLE litigation_holds IN SHARE MODE;
    IF beyond + 1 >= settled_before(cutoff) OR EXISTS (SELECT FROM litigation_holds WHERE nhs_number IS NULL AND released_at IS NULL) THEN
      RETURN;
    END IF;
    last_index := beyond + most;
    SELECT array_agg(due.leaf_index ORDER BY due.leaf_index) INTO erased_now FROM erasable_accesses(cutoff, longer, beyond, last_index) AS due WHERE NOT due.held;
    accesses := coalesce(cardinality(erased_now), 0);
    IF accesses = 0 THEN
      RETURN;
    END IF;
    INSERT INTO erased_leaves (leaf_index, leaf_data, erasure)
      SELECT e.leaf_index, sha256(e.salt || uuid_send(e.event_id) || e.previous_leaf || e.payload), place FROM access_events e WHERE e.leaf_index = ANY (erased_now);
    DELETE FROM patient_chain c USING access_events e WHERE e.leaf_index = ANY (erased_now) AND c.nhs_number = e.nhs_number;
    PERFORM set_config('carespine.erasure', pg_current_xact_id()::text, true);
    UPDATE access_events SET salt = '', payload = '', previous_leaf = '', recorded = 'epoch', ods_code = '', user_id = '', nhs_number = '', request_id = '',
      outcome = 0, interaction = 0, purpose = '', role_profile_id = '', client_id = '', client_address = '', resource_type = ''
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
