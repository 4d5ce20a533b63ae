/*
 * Counts of access records, so that reports on a whole organisation need not read them all: by the hour, organisation and user, and by
 * the day, organisation, user and patient. Kept by `ActivityCounter`. A search for patients is a trace; one within a patient's record, as for pointers or the national summary, is a look at that record.
 */

/** FHIR interactions by what a person would call them; `proto/carespine/audit/v1`. */
const READS = 'interaction IN (1, 2, 9, 30, 32)';
const LOOKS = `(${READS} OR (interaction = 3 AND nhs_number <> '' AND resource_type <> 'Patient'))`;
const CHANGES = 'interaction IN (4, 5, 6, 7, 8, 31)';
/** Sign-ins and tokens open no record; the officer's own work is looked at by the guardian, as her activity. */
const COUNTED = `ods_code <> '' AND service <> 'audit' AND interaction <> 0 AND interaction NOT BETWEEN 20 AND 29`;
const RANGE = 'leaf_index >= $1 AND leaf_index < $2';

const LONDON_HOUR = `date_trunc('hour', recorded) AT TIME ZONE 'Europe/London'`;

const TRACE = "(outcome = 0 AND interaction = 3 AND resource_type = 'Patient')";
/** The hits of one search, an access each, are this near to each other in the log: those of the batch before have counted it. */
const COUNTED_BEFORE = `(SELECT request_id FROM access_events WHERE leaf_index >= $1 - 1000 AND leaf_index < $1 AND ${TRACE})`;

/** Adds the accesses of leaves `$1` up to, not including, `$2`. */
export const COUNT_HOURS = `
  INSERT INTO activity_by_hour AS kept (ods_code, hour, user_id, day, hour_of_week, acts, reads, searches, changes, refusals, emergencies)
  SELECT ods_code, date_trunc('hour', recorded), user_id, (${LONDON_HOUR})::date,
    (extract(isodow FROM ${LONDON_HOUR}) - 1) * 24 + extract(hour FROM ${LONDON_HOUR}), count(*),
    count(*) FILTER (WHERE outcome = 0 AND ${LOOKS}), count(DISTINCT request_id) FILTER (WHERE ${TRACE} AND request_id NOT IN ${COUNTED_BEFORE}),
    count(*) FILTER (WHERE outcome = 0 AND ${CHANGES}), count(*) FILTER (WHERE outcome = 4), count(*) FILTER (WHERE purpose IN ('ETREAT', 'BTG'))
  FROM access_events WHERE ${RANGE} AND ${COUNTED} GROUP BY 1, 2, 3
  ON CONFLICT (ods_code, hour, user_id) DO UPDATE SET acts = kept.acts + excluded.acts, reads = kept.reads + excluded.reads,
    searches = kept.searches + excluded.searches, changes = kept.changes + excluded.changes, refusals = kept.refusals + excluded.refusals,
    emergencies = kept.emergencies + excluded.emergencies`;

/** The same for who met which patient on which day; a patient whose record a user opens first that day counts in the hour of that. */
export const COUNT_ENQUIRIES = `
  WITH batch AS (
    SELECT ods_code, user_id, nhs_number, (recorded AT TIME ZONE 'Europe/London')::date AS day, count(DISTINCT request_id) FILTER (WHERE ${TRACE}) AS traces,
      count(*) FILTER (WHERE ${LOOKS}) AS views, count(*) FILTER (WHERE ${CHANGES}) AS changes, min(recorded) AS first, max(recorded) AS last,
      min(recorded) FILTER (WHERE NOT ${TRACE}) AS opened
    FROM access_events WHERE ${RANGE} AND ${COUNTED} AND outcome = 0 AND user_id <> '' AND nhs_number <> '' GROUP BY 1, 2, 3, 4
  ), met AS (
    INSERT INTO enquiries_by_day AS kept (ods_code, user_id, nhs_number, day, traces, views, changes, first, last)
    SELECT ods_code, user_id, nhs_number, day, traces, views, changes, first, last FROM batch
    ON CONFLICT (ods_code, user_id, nhs_number, day) DO UPDATE SET traces = kept.traces + excluded.traces, views = kept.views + excluded.views,
      changes = kept.changes + excluded.changes, first = least(kept.first, excluded.first), last = greatest(kept.last, excluded.last)
    RETURNING kept.ods_code, kept.user_id, kept.nhs_number, kept.day, coalesce(old.views + old.changes, 0) = 0 AND new.views + new.changes > 0 AS is_new
  )
  UPDATE activity_by_hour AS kept SET patients = kept.patients + opened.patients
  FROM (
    SELECT ods_code, date_trunc('hour', opened) AS hour, user_id, count(*) AS patients
    FROM met JOIN batch USING (ods_code, user_id, nhs_number, day) WHERE is_new GROUP BY 1, 2, 3
  ) AS opened
  WHERE kept.ods_code = opened.ods_code AND kept.hour = opened.hour AND kept.user_id = opened.user_id`;
