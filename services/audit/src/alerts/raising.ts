import { randomInt } from 'node:crypto';
import type { PoolClient } from 'pg';
import { londonDay } from '../london';
import type { Act } from './act';
import type { Hit } from './act-rules';
import { GUARDIAN, PRIVACY_OFFICER } from './officers';

/** A rule that fired, and on what. */
export interface Raising extends Hit {
  /** Whom the alert is about. */
  act: Act;
  evidence: Pick<Act, 'eventId' | 'recorded'>[];
  /** Of a rule that counts: how much of the evidence must be new for another alert, once the day's first is closed. */
  needed?: number;
}

interface Known {
  ods_code: string;
  rule: string;
  cause: string;
  day: string;
  reference: string;
  open: boolean;
}

/** Neither vowels that make words nor characters that are taken for each other on the telephone. */
const SPEAKABLE = '23456789BCDFGHJKMNPQRSTVWXZ';

/** Short, unguessable (38 bits) and speakable, e.g. `A-7KQ2-M9XP`. */
export function newReference(): string {
  const four = (): string => Array.from({ length: 4 }, () => SPEAKABLE[randomInt(SPEAKABLE.length)]).join('');
  return `A-${four()}-${four()}`;
}

export const isReference = (text: string): boolean => /^A-[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(text);

/**
 * Makes alerts of hits: one a cause and London day. A hit joins the alert that is open for its cause.
 *
 * @returns how many were made
 */
export async function raise(raisings: readonly Raising[], tx: PoolClient): Promise<number> {
  const causes = new Map<string, Raising[]>();
  for (const raising of raisings) {
    if (raising.act.odsCode === '') continue;
    const key = keyOf({ ods_code: raising.act.odsCode, rule: raising.rule, cause: raising.cause, day: londonDay(raising.act.recorded) });
    causes.set(key, [...(causes.get(key) ?? []), raising]);
  }
  if (causes.size === 0) return 0;
  const known = await knownAlerts([...causes.values()].flat(), tx);

  const evidence: { reference: string; eventId: string; recorded: Date }[] = [];
  const made: (Record<string, string> & { reference: string })[] = [];
  for (const [key, hits] of causes) {
    const earlier = known.get(key) ?? [];
    const acts = new Map(hits.flatMap((hit) => hit.evidence).map((act) => [act.eventId, act]));
    const first = hits[0];
    let reference = earlier.find(({ open }) => open)?.reference;
    if (reference === undefined && first) {
      if (earlier.length > 0) {
        for (const eventId of await evidenceOf(earlier.map((alert) => alert.reference), tx)) acts.delete(eventId);
        if (acts.size < (first.needed ?? 1)) continue;
      }
      reference = newReference();
      made.push(rowOf(reference, hits.at(-1) ?? first));
    }
    if (reference === undefined) continue;
    for (const { eventId, recorded } of acts.values()) evidence.push({ reference, eventId, recorded });
  }
  if (made.length > 0) await tx.query({ name: 'make-alerts', text: INSERT, values: [JSON.stringify(made)] });
  await tx.query({
    name: 'add-evidence',
    text: 'INSERT INTO alert_evidence (reference, event_id, recorded) SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) ON CONFLICT DO NOTHING',
    values: [evidence.map((one) => one.reference), evidence.map((one) => one.eventId), evidence.map((one) => one.recorded.toISOString())],
  });
  return made.length;
}

const keyOf = ({ ods_code, rule, cause, day }: Pick<Known, 'ods_code' | 'rule' | 'cause' | 'day'>): string => JSON.stringify([ods_code, rule, cause, day]);

async function knownAlerts(raisings: readonly Raising[], tx: PoolClient): Promise<Map<string, Known[]>> {
  const { rows } = await tx.query<Known>({
    name: 'known-alerts',
    text: `SELECT ods_code, rule, cause, day::text, reference, status <> 'closed' AS open FROM alerts
      WHERE (ods_code, rule, cause, day) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::date[]))`,
    values: [
      raisings.map(({ act }) => act.odsCode),
      raisings.map(({ rule }) => rule),
      raisings.map(({ cause }) => cause),
      raisings.map(({ act }) => londonDay(act.recorded)),
    ],
  });
  const known = new Map<string, Known[]>();
  for (const row of rows) known.set(keyOf(row), [...(known.get(keyOf(row)) ?? []), row]);
  return known;
}

async function evidenceOf(references: string[], tx: PoolClient): Promise<string[]> {
  const { rows } = await tx.query<{ event_id: string }>('SELECT event_id FROM alert_evidence WHERE reference = ANY($1::text[])', [references]);
  return rows.map((row) => row.event_id);
}

const rowOf = (reference: string, { act, rule, reason, cause }: Raising): Record<string, string> & { reference: string } => ({
  reference,
  ods_code: act.odsCode,
  organisation_name: act.organisationName,
  rule,
  cause,
  day: londonDay(act.recorded),
  reason,
  nhs_number: act.nhsNumber,
  user_id: act.userId,
  user_name: act.userName,
  job_role: act.jobRole,
  job_role_name: act.jobRoleName,
  role_profile_id: act.roleProfileId,
  note: act.note,
  occurred_at: act.recorded.toISOString(),
});

const COLUMNS = 'reference, ods_code, organisation_name, rule, cause, day, reason, nhs_number, user_id, user_name, job_role, job_role_name, role_profile_id, note, occurred_at';

const HOLDS = (role: string): string =>
  `EXISTS (SELECT FROM staff_roles AS held WHERE held.user_id = given.user_id AND held.ods_code = given.ods_code AND held.job_role = '${role}')`;

/** Alerts about a privacy officer are the guardian's; unless she is the guardian too, and the only one: then they are the other officers'. */
const INSERT = `WITH made AS (
    INSERT INTO alerts (${COLUMNS}, for_guardian)
    SELECT ${COLUMNS}, ${HOLDS(PRIVACY_OFFICER)} AND (NOT ${HOLDS(GUARDIAN)} OR EXISTS (
        SELECT FROM staff_roles AS other WHERE other.user_id <> given.user_id AND other.ods_code = given.ods_code AND other.job_role = '${GUARDIAN}'
      ))
    FROM json_populate_recordset(NULL::alerts, $1::json) AS given
    RETURNING reference
  )
  INSERT INTO alert_history (reference, step) SELECT reference, 'raise' FROM made`;
