/*
 * Counts of access records, so that reports on a whole organisation need not read them all: by the hour, organisation and user, and by
 * the day, organisation, user and patient. Kept by `ActivityCounter`; statements stand here because the migration that makes the tables
 * counts what was there before.
 */

/** FHIR interactions by what a person would call them; `proto/carespine/audit/v1`. */
const READS = 'interaction IN (1, 2, 9, 30, 32)';
const SEARCHES = 'interaction = 3';
const CHANGES = 'interaction IN (4, 5, 6, 7, 8, 31)';
/** Sign-ins and tokens open no record; the officer's own work is looked at by the guardian, as her activity. */
const COUNTED = `ods_code <> '' AND service <> 'audit' AND interaction <> 0 AND interaction NOT BETWEEN 20 AND 29`;
const RANGE = 'leaf_index >= $1 AND leaf_index < $2';

const LONDON_HOUR = `date_trunc('hour', recorded) AT TIME ZONE 'Europe/London'`;

/** Adds the accesses of leaves `$1` up to, not including, `$2`. */
export const COUNT_HOURS = `
  INSERT INTO activity_by_hour AS kept (ods_code, hour, user_id, day, hour_of_week, acts, reads, searches, changes, refusals, emergencies)
  SELECT ods_code, date_trunc('hour', recorded), user_id, (${LONDON_HOUR})::date,
    (extract(isodow FROM ${LONDON_HOUR}) - 1) * 24 + extract(hour FROM ${LONDON_HOUR}), count(*),
    count(*) FILTER (WHERE outcome = 0 AND ${READS}), count(*) FILTER (WHERE outcome = 0 AND ${SEARCHES}),
    count(*) FILTER (WHERE outcome = 0 AND ${CHANGES}), count(*) FILTER (WHERE outcome = 4), count(*) FILTER (WHERE purpose IN ('ETREAT', 'BTG'))
  FROM access_events WHERE ${RANGE} AND ${COUNTED} GROUP BY 1, 2, 3
  ON CONFLICT (ods_code, hour, user_id) DO UPDATE SET acts = kept.acts + excluded.acts, reads = kept.reads + excluded.reads,
    searches = kept.searches + excluded.searches, changes = kept.changes + excluded.changes, refusals = kept.refusals + excluded.refusals,
    emergencies = kept.emergencies + excluded.emergencies`;

/** The same for who met which patient on which day; a patient who is new to a user that day counts in the hour of that first access. */
export const COUNT_ENQUIRIES = `
  WITH met AS (
    INSERT INTO enquiries_by_day AS kept (ods_code, user_id, nhs_number, day, traces, views, changes, first, last)
    SELECT ods_code, user_id, nhs_number, (recorded AT TIME ZONE 'Europe/London')::date, count(*) FILTER (WHERE ${SEARCHES}),
      count(*) FILTER (WHERE ${READS}), count(*) FILTER (WHERE ${CHANGES}), min(recorded), max(recorded)
    FROM access_events WHERE ${RANGE} AND ${COUNTED} AND outcome = 0 AND user_id <> '' AND nhs_number <> '' GROUP BY 1, 2, 3, 4
    ON CONFLICT (ods_code, user_id, nhs_number, day) DO UPDATE SET traces = kept.traces + excluded.traces, views = kept.views + excluded.views,
      changes = kept.changes + excluded.changes, first = least(kept.first, excluded.first), last = greatest(kept.last, excluded.last)
    RETURNING ods_code, user_id, first, xmax = 0 AS is_new
  )
  UPDATE activity_by_hour AS kept SET patients = kept.patients + new.patients
  FROM (SELECT ods_code, date_trunc('hour', first) AS hour, user_id, count(*) AS patients FROM met WHERE is_new GROUP BY 1, 2, 3) AS new
  WHERE kept.ods_code = new.ods_code AND kept.hour = new.hour AND kept.user_id = new.user_id`;
