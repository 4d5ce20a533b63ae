import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Principal } from '@carespine/access-control';
import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { shownTo } from '../accesses/withheld';
import { MOST_EVIDENCE, type Alert, type AlertOutcome, type AlertRow, type AlertSummary, type HistoryEntry } from './alert';
import { ALERT_COLUMNS, filterBy, pageAfter, summaryOf, visibleTo, within, type AlertQuery } from './alert-list';
import { GUARDIAN, isGuardian, ownNumbersOf, PRIVACY_OFFICER, rulesOf } from './officers';
import { RULES, type Rule } from './rules';
import { after, stepsOf, type TakenStep } from './steps';

export interface AlertPage {
  alerts: AlertSummary[];
  /** Of all that the officer may see, whatever the filter. */
  counts: { new: number; underInvestigation: number; closed: number; escalated: number };
  total: number;
  next?: string;
}

export interface Statistics {
  days: { day: string; raised: number; closed: number }[];
  rules: { rule: Rule; title: string; raised: number; inappropriate: number }[];
}

/** Either the pool or a transaction. */
interface Queries {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** The privacy officer's work on alerts. */
@Injectable()
export class AlertDesk {
  constructor(private readonly database: Database) {}

  async list(who: Principal, query: AlertQuery): Promise<AlertPage> {
    const visible = visibleTo(who);
    const counted = this.database.query<AlertPage['counts']>({
      text: `SELECT count(*) FILTER (WHERE status = 'new')::int AS new, count(*) FILTER (WHERE status = 'under-investigation')::int AS "underInvestigation",
          count(*) FILTER (WHERE status = 'closed')::int AS closed, count(*) FILTER (WHERE escalated AND status <> 'closed')::int AS escalated
        FROM alerts WHERE ${visible.sql}`,
      values: [...visible.values],
    });
    const filter = filterBy(visibleTo(who), query);
    const totalled = this.database.query<{ total: number }>({ text: `SELECT count(*)::int AS total FROM alerts WHERE ${filter.sql}`, values: [...filter.values] });
    if (query.after) filter.add((at, reference) => `(raised_at, reference) < (${at}::timestamptz, ${reference})`, query.after.at, query.after.key);
    const listed = this.database.query<AlertRow>({
      text: `SELECT ${ALERT_COLUMNS} FROM alerts AS alert WHERE ${filter.sql} ORDER BY raised_at DESC, reference DESC LIMIT ${query.count + 1}`,
      values: filter.values,
    });
    const [counts, total, { rows }] = await Promise.all([counted, totalled, listed]);
    const page = rows.slice(0, query.count);
    const last = rows.length > query.count ? page.at(-1) : undefined;
    return {
      alerts: page.map(summaryOf),
      counts: counts.rows[0] ?? { new: 0, underInvestigation: 0, closed: 0, escalated: 0 },
      total: total.rows[0]?.total ?? 0,
      ...(last && { next: pageAfter(last.raised_at, last.reference) }),
    };
  }

  /** @throws Fault RESOURCE_NOT_FOUND also for what the officer may not see */
  async read(who: Principal, reference: string): Promise<Alert> {
    const row = await visibleRow(this.database.source.manager, who, reference);
    if (!row) throw new Fault('RESOURCE_NOT_FOUND');
    return this.whole(row, who);
  }

  /**
   * Takes a step in an alert's life.
   *
   * @throws Fault RESOURCE_VERSION_MISMATCH when another officer was faster; ACCESS_DENIED where the alert is about the officer or about whom it
   *   would be assigned to: then it goes to the guardian; BUSINESS_RULE where the state does not allow the step
   */
  async take(who: Principal, reference: string, taken: TakenStep): Promise<Alert> {
    const refused = await this.database.transaction(async (tx) => {
      const row = await lockedRow(tx, who, reference);
      if (!row) throw new Fault('RESOURCE_NOT_FOUND');
      if (row.user_id === who.userId) return this.toGuardian(tx, row, 'Refused: a step by the person whom it is about');
      if (!(await visibleRow(tx, who, reference))) throw new Fault('RESOURCE_NOT_FOUND');
      if (row.version !== taken.version) {
        throw new Fault('RESOURCE_VERSION_MISMATCH', { diagnostics: 'The alert has changed since: read it again', expression: 'version' });
      }
      const next = after(row, taken.step);
      if (taken.assignee !== undefined) {
        if (taken.assignee === row.user_id) return this.toGuardian(tx, row, 'Refused: assignment to the person whom it is about');
        await this.requireAssignable(tx, row, taken.assignee, who);
      }
      if (taken.duplicateOf !== undefined && (taken.duplicateOf === reference || !(await visibleRow(tx, who, taken.duplicateOf)))) {
        throw new Fault('INVALID_VALUE', { diagnostics: "Invalid value in field 'duplicateOf': another alert", expression: 'duplicateOf' });
      }
      const assignee = taken.assignee ?? (taken.step === 'investigate' ? (row.assignee ?? who.userId) : row.assignee);
      await tx.query('UPDATE alerts SET status = $2, escalated = $3, assignee = $4, outcome = $5, duplicate_of = $6, version = version + 1 WHERE reference = $1', [
        reference,
        next.status,
        next.escalated,
        assignee,
        next.status === 'closed' ? taken.outcome : null,
        next.status === 'closed' ? (taken.duplicateOf ?? null) : null,
      ]);
      await tx.query('INSERT INTO alert_history (reference, by_user_id, by_name, step, note, outcome, assignee, duplicate_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [
        reference,
        who.userId,
        who.name,
        taken.step,
        taken.note,
        taken.outcome,
        taken.assignee,
        taken.duplicateOf,
      ]);
      return undefined;
    });
    if (refused) throw refused;
    const row = await rowOf(this.database.source.manager, who, reference);
    if (!row) throw new Fault('RESOURCE_NOT_FOUND');
    return this.whole(row, who);
  }

  /** Of the alerts that the officer may see, by London day of the period. */
  async statistics(who: Principal, period: { from: string; to: string }): Promise<Statistics> {
    const days = visibleTo(who);
    days.add((first, last) => `${first}::date <= ${last}::date`, period.from, period.to);
    const [first, last] = [`$${days.values.length - 1}::date`, `$${days.values.length}::date`];
    const { rows: byDay } = await this.database.query<{ day: string; raised: number; closed: number }>({
      text: `WITH visible AS (SELECT reference, (raised_at AT TIME ZONE 'Europe/London')::date AS day FROM alerts WHERE ${days.sql}),
          raised AS (SELECT day, count(*)::int AS count FROM visible GROUP BY day),
          closed AS (
            SELECT (at AT TIME ZONE 'Europe/London')::date AS day, count(*)::int AS count FROM alert_history JOIN visible USING (reference) WHERE step = 'close' GROUP BY 1
          )
        SELECT each::date::text AS day, coalesce(raised.count, 0) AS raised, coalesce(closed.count, 0) AS closed
        FROM generate_series(${first}, ${last}, interval '1 day') AS each
        LEFT JOIN raised ON raised.day = each::date LEFT JOIN closed ON closed.day = each::date ORDER BY 1`,
      values: days.values,
    });
    const raisedThen = within(visibleTo(who), period);
    const { rows: byRule } = await this.database.query<{ rule: Rule; raised: number; inappropriate: number }>({
      text: `SELECT rule, count(*)::int AS raised, count(*) FILTER (WHERE outcome = 'inappropriate')::int AS inappropriate
        FROM alerts WHERE ${raisedThen.sql} GROUP BY rule ORDER BY raised DESC, rule`,
      values: raisedThen.values,
    });
    return { days: byDay, rules: byRule.map((row) => ({ rule: row.rule, title: RULES[row.rule].title, raised: row.raised, inappropriate: row.inappropriate })) };
  }

  /** What is refused goes to the guardian, once. The officers' version stays: nothing that they decide on has changed. */
  private async toGuardian(tx: EntityManager, row: AlertRow, note: string): Promise<Fault> {
    if (!row.escalated) {
      await tx.query('UPDATE alerts SET escalated = true WHERE reference = $1', [row.reference]);
      await tx.query("INSERT INTO alert_history (reference, step, note) VALUES ($1, 'escalate', $2)", [row.reference, note]);
    }
    return new Fault('ACCESS_DENIED', { diagnostics: 'An alert is not handled by the person whom it is about: it goes to the guardian' });
  }

  private async requireAssignable(tx: EntityManager, row: AlertRow, assignee: string, who: Principal): Promise<void> {
    if (assignee === who.userId || (await assignableTo(tx, row)).some(({ userId }) => userId === assignee)) return;
    throw new Fault('INVALID_VALUE', { diagnostics: "Invalid value in field 'assignee': an officer of the organisation", expression: 'assignee' });
  }

  private async whole(row: AlertRow, who: Principal): Promise<Alert> {
    const { manager } = this.database.source;
    // the register may not have met her yet
    if (row.assignee === who.userId) row.assignee_name ??= who.name ?? '';
    const [evidence, history, assignable] = await Promise.all([evidenceOf(manager, row.reference, who), historyOf(manager, row), assignableTo(manager, row)]);
    return {
      ...summaryOf(row),
      ...(row.nhs_number !== '' && { patient: { nhsNumber: row.nhs_number } }),
      ...(row.user_id !== '' && {
        user: { userId: row.user_id, name: row.user_name, jobRole: row.job_role, jobRoleName: row.job_role_name, roleProfileId: row.role_profile_id },
      }),
      organisation: { odsCode: row.ods_code, name: row.organisation_name },
      ...(row.note !== '' && { note: row.note }),
      ...(row.outcome && { outcome: row.outcome }),
      ...(row.duplicate_of && { duplicateOf: row.duplicate_of }),
      evidence,
      history,
      steps: isHandledBy(row, who) ? stepsOf(row) : [],
      assignable,
    };
  }
}

/** After an officer hands an alert to somebody who alone may see it, nothing is left for her to do. */
const isHandledBy = (row: AlertRow, who: Principal): boolean =>
  row.assignee === who.userId || (isGuardian(who) && (row.escalated || row.for_guardian)) || (rulesOf(who).includes(row.rule) && (isGuardian(who) || !row.for_guardian));

async function visibleRow(tx: Queries, who: Principal, reference: string): Promise<AlertRow | undefined> {
  const visible = visibleTo(who).add((at) => `reference = ${at}`, reference);
  const rows = (await tx.query(`SELECT ${ALERT_COLUMNS} FROM alerts AS alert WHERE ${visible.sql}`, visible.values)) as AlertRow[];
  return rows[0];
}

async function rowOf(tx: Queries, who: Principal, reference: string): Promise<AlertRow | undefined> {
  const rows = (await tx.query(`SELECT ${ALERT_COLUMNS} FROM alerts AS alert WHERE reference = $1 AND ods_code = $2`, [reference, who.organisation.odsCode])) as AlertRow[];
  return rows[0];
}

async function lockedRow(tx: Queries, who: Principal, reference: string): Promise<AlertRow | undefined> {
  const rows = (await tx.query(`SELECT ${ALERT_COLUMNS} FROM alerts AS alert WHERE reference = $1 AND ods_code = $2 FOR UPDATE`, [
    reference,
    who.organisation.odsCode,
  ])) as AlertRow[];
  return rows[0];
}

async function evidenceOf(tx: Queries, reference: string, who: Principal): Promise<Alert['evidence']> {
  const rows = (await tx.query(
    `SELECT event_id, evidence.recorded, outcome, payload FROM alert_evidence AS evidence JOIN access_events USING (event_id)
      WHERE reference = $1 ORDER BY evidence.recorded DESC, event_id DESC LIMIT ${MOST_EVIDENCE}`,
    [reference],
  )) as { event_id: string; recorded: Date; outcome: number; payload: Buffer }[];
  return rows.map(({ event_id, recorded, outcome, payload }) => {
    const { interactionName, service, purpose } = shownTo(who, { record: fromBinary(AccessRecordedSchema, payload) }).record;
    return { accessId: event_id, recorded: recorded.toISOString(), interactionName, service, outcome: String(outcome), ...(purpose && { purpose }) };
  });
}

interface HistoryRow {
  at: Date;
  by_user_id: string | null;
  by_name: string | null;
  step: string;
  note: string | null;
  outcome: AlertOutcome | null;
  assignee: string | null;
  assignee_name: string | null;
  duplicate_of: string | null;
}

/** Oldest first. */
async function historyOf(tx: Queries, { reference, ods_code }: AlertRow): Promise<HistoryEntry[]> {
  const rows = (await tx.query(
    `SELECT entry.*, (SELECT name FROM staff_members AS member WHERE member.user_id = entry.assignee AND member.ods_code = $2) AS assignee_name
      FROM alert_history AS entry WHERE reference = $1 ORDER BY id`,
    [reference, ods_code],
  )) as HistoryRow[];
  return rows.map((row) => ({
    at: row.at.toISOString(),
    by: row.by_user_id === null ? 'platform' : { userId: row.by_user_id, name: row.by_name ?? '' },
    step: row.step,
    ...(row.note !== null && { note: row.note }),
    ...(row.outcome !== null && { outcome: row.outcome }),
    ...(row.assignee !== null && { assignee: { userId: row.assignee, name: row.assignee_name ?? '' } }),
    ...(row.duplicate_of !== null && { duplicateOf: row.duplicate_of }),
  }));
}

/** Officers of the organisation, but for whom the alert is about; of one about a privacy officer, and of national ones not escalated, see {@link visibleTo}. */
async function assignableTo(tx: Queries, row: AlertRow): Promise<Alert['assignable']> {
  const rows = (await tx.query(
    `SELECT user_id, name, min(role.job_role) AS job_role FROM staff_roles AS role JOIN staff_members USING (user_id, ods_code)
      WHERE ods_code = $1 AND role.job_role = ANY($2::text[]) AND user_id <> $3 AND $4 <> ALL(${ownNumbersOf('role.user_id')})
      GROUP BY user_id, name ORDER BY name, user_id LIMIT 200`,
    [row.ods_code, row.for_guardian ? [GUARDIAN] : [PRIVACY_OFFICER, GUARDIAN], row.user_id, row.nhs_number],
  )) as { user_id: string; name: string; job_role: string }[];
  return rows.map(({ user_id, name, job_role }) => ({ userId: user_id, name, jobRole: job_role }));
}
