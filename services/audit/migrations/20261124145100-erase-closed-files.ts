import type { MigrationInterface, QueryRunner } from 'typeorm';

const HISTORIES = ['alert_history', 'alert_evidence', 'sampled_alerts', 'subject_access_history', 'subject_access_decisions'];

/**
 * Files of subject access requests and of alerts end too. What is append-only may be deleted within `erase_closed_files`, which its owner wrote and the
 * service only calls.
 *
 * @see audit specification, "Retention": subject access files 3 years after closure, 6 after an appeal; privacy investigation files 10 years
 */
export class EraseClosedFiles20261124145100 implements MigrationInterface {
  readonly name = 'EraseClosedFiles20261124145100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(REFUSE_UNLESS_ERASED);
    await runner.query(ERASE_CLOSED_FILES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION erase_closed_files;
      CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
    `);
  }
}

const REFUSE_UNLESS_ERASED = `
  CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN (${HISTORIES.map((table) => `'${table}'`).join(', ')}) AND current_setting('carespine.erasure', true) = pg_current_xact_id()::text
        AND (SELECT relowner FROM pg_class WHERE oid = TG_RELID) = (SELECT oid FROM pg_roles WHERE rolname = current_user) THEN
        RETURN NULL;
      END IF;
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END $$;
`;

/** Whoever is held, by any NHS number, keeps her files; a hold on everybody keeps all. Answers how many of each went. */
const ERASE_CLOSED_FILES = `
  CREATE FUNCTION erase_closed_files(OUT requests int, OUT alerts int) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  DECLARE
    held text[];
    closed text[];
  BEGIN
    LOCK TABLE litigation_holds IN SHARE MODE;
    requests := 0;
    alerts := 0;
    IF EXISTS (SELECT FROM litigation_holds WHERE nhs_number IS NULL AND released_at IS NULL) THEN
      RETURN;
    END IF;
    WITH RECURSIVE same (number) AS (
      SELECT nhs_number FROM litigation_holds WHERE released_at IS NULL
      UNION
      SELECT unnest(ARRAY[f.nhs_number, f.superseded_by]) FROM same JOIN patient_facts f ON f.superseded_by IS NOT NULL AND same.number IN (f.nhs_number, f.superseded_by)
    ) SELECT coalesce(array_agg(number), '{}') INTO held FROM same;
    PERFORM set_config('carespine.erasure', pg_current_xact_id()::text, true);

    SELECT array_agg(r.reference) INTO closed FROM subject_access_requests r
      WHERE r.status = 'closed' AND r.nhs_number <> ALL (held)
        AND (SELECT max(h.at) FROM subject_access_history h WHERE h.reference = r.reference AND h.step = 'close') < now() - interval '3 years'
        AND NOT EXISTS (SELECT FROM subject_access_history h WHERE h.reference = r.reference AND h.step = 'appeal' AND h.at >= now() - interval '6 years');
    DELETE FROM subject_access_parts WHERE reference = ANY (closed);
    DELETE FROM subject_access_shown WHERE reference = ANY (closed);
    DELETE FROM subject_access_decisions WHERE reference = ANY (closed);
    DELETE FROM subject_access_history WHERE reference = ANY (closed);
    DELETE FROM subject_access_requests WHERE reference = ANY (closed);
    requests := coalesce(cardinality(closed), 0);

    SELECT array_agg(a.reference) INTO closed FROM alerts a
      WHERE a.status = 'closed' AND a.nhs_number <> ALL (held)
        AND NOT EXISTS (SELECT FROM alert_evidence v JOIN access_events e USING (event_id) WHERE v.reference = a.reference AND e.nhs_number = ANY (held))
        AND (SELECT max(h.at) FROM alert_history h WHERE h.reference = a.reference AND h.step = 'close') < now() - interval '10 years';
    DELETE FROM sampled_alerts WHERE reference = ANY (closed);
    DELETE FROM alert_evidence WHERE reference = ANY (closed);
    DELETE FROM alert_history WHERE reference = ANY (closed);
    DELETE FROM alerts WHERE reference = ANY (closed);
    alerts := coalesce(cardinality(closed), 0);
    PERFORM set_config('carespine.erasure', '', true);
  END $$;
`;
