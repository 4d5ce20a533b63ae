import type { Principal } from '@carespine/access-control';
import { isCalendarDate } from '@carespine/fhir';
import { invalid, oneOf, parametersOf } from '../request-body';
import { STATUSES, type AlertRow, type AlertSummary, type Status } from './alert';
import { isGuardian, ownNumbersOf, rulesOf } from './officers';
import { isRule, RULES, type Rule } from './rules';

export interface AlertQuery {
  status?: Status[];
  rule?: Rule;
  /** `none` for nobody. */
  assignee?: string;
  escalated?: boolean;
  /** Days on which alerts were raised, both inclusive. */
  from?: string;
  to?: string;
  count: number;
  after?: { at: string; key: string };
}

/** A condition of SQL with its values, numbered as they are added. */
export class Condition {
  readonly values: unknown[] = [];
  private readonly parts: string[] = [];

  add(part: (...at: string[]) => string, ...values: unknown[]): this {
    const first = this.values.length + 1;
    this.values.push(...values);
    this.parts.push(part(...values.map((_, i) => `$${first + i}`)));
    return this;
  }

  get sql(): string {
    return this.parts.join(' AND ');
  }
}

/**
 * The alerts that an officer may see: of the own organisation, never about herself, be it as the user or as the patient; by rule what her permissions name, unless it is about
 * a privacy officer, which is the guardian's; to the guardian also what was escalated; and what was assigned to her.
 *
 * @see audit specification, "Alerts"
 */
export function visibleTo(who: Principal): Condition {
  const rules = rulesOf(who);
  const guardian = isGuardian(who);
  return new Condition()
    .add((ods) => `ods_code = ${ods}`, who.organisation.odsCode)
    .add((user) => `user_id <> ${user} AND nhs_number <> ALL(${ownNumbersOf(user)})`, who.userId ?? '')
    .add(
      (own, user) => `(rule = ANY(${own}::text[]) AND ${guardian ? 'true' : 'NOT for_guardian'}${guardian ? ' OR escalated OR for_guardian' : ''} OR assignee = ${user})`,
      rules,
      who.userId ?? '',
    );
}

const LIST = ['status', 'rule', 'assignee', 'escalated', 'from', 'to', '_count', '_page'];

/** @throws Fault naming the parameter */
export function parseAlertQuery(parameters: Record<string, unknown>, who: Principal): AlertQuery {
  const given = parametersOf(parameters, LIST, ['status']);
  const query: AlertQuery = { ...pageOf(given), ...periodOf(given) };
  if (given['status']) query.status = given['status'].map((status) => oneOf(status, 'status', STATUSES));
  const [rule] = given['rule'] ?? [];
  if (rule !== undefined) {
    if (!isRule(rule)) throw invalid('rule', 'the name of a rule');
    query.rule = rule;
  }
  const [assignee] = given['assignee'] ?? [];
  if (assignee !== undefined) {
    if (!/^(me|none|\d{1,20})$/.test(assignee)) throw invalid('assignee', 'me, none or a user id');
    query.assignee = assignee === 'me' ? (who.userId ?? '') : assignee;
  }
  const [escalated] = given['escalated'] ?? [];
  if (escalated !== undefined) query.escalated = oneOf(escalated, 'escalated', ['true', 'false']) === 'true';
  return query;
}

export function filterBy(visible: Condition, query: AlertQuery): Condition {
  if (query.status) visible.add((at) => `status = ANY(${at}::text[])`, query.status);
  if (query.rule) visible.add((at) => `rule = ${at}`, query.rule);
  if (query.assignee === 'none') visible.add(() => 'assignee IS NULL');
  else if (query.assignee !== undefined) visible.add((at) => `assignee = ${at}`, query.assignee);
  if (query.escalated !== undefined) visible.add((at) => `escalated = ${at}`, query.escalated);
  return within(visible, query);
}

/** Raised on London days from the first to the last, both inclusive. */
export function within(condition: Condition, { from, to }: { from?: string | undefined; to?: string | undefined }): Condition {
  if (from) condition.add((at) => `raised_at >= ${at}::date::timestamp AT TIME ZONE 'Europe/London'`, from);
  if (to) condition.add((at) => `raised_at < (${at}::date + 1)::timestamp AT TIME ZONE 'Europe/London'`, to);
  return condition;
}

/** @throws Fault */
export function periodOf(given: Record<string, string[]>): { from?: string; to?: string } {
  const [[from], [to]] = [given['from'] ?? [], given['to'] ?? []];
  if (from !== undefined) day(from, 'from');
  if (to !== undefined) day(to, 'to');
  if (from !== undefined && to !== undefined && from > to) throw invalid('to', 'not before from');
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** @throws Fault unless the value is a day that exists, of years that PostgreSQL counts */
export function day(value: unknown, name: string): string {
  if (typeof value !== 'string' || !isCalendarDate(value) || value < '1900-01-01') throw invalid(name, 'a day, as YYYY-MM-DD');
  return value;
}

/** @throws Fault */
export function pageOf(given: Record<string, string[]>): { count: number; after?: { at: string; key: string } } {
  const count = Number(given['_count']?.[0] ?? 20);
  if (!Number.isInteger(count) || count < 1 || count > 100) throw invalid('_count', 'a whole number from 1 to 100');
  const [page] = given['_page'] ?? [];
  return { count, ...(page !== undefined && { after: cursorOf(page) }) };
}

export const pageAfter = (at: Date, key: string): string => Buffer.from(`${at.toISOString()} ${key}`).toString('base64url');

function cursorOf(page: string): { at: string; key: string } {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z) ([0-9A-Za-z-]{1,40})$/.exec(Buffer.from(page, 'base64url').toString());
  if (!match?.[1] || !match[2] || Number.isNaN(Date.parse(match[1]))) throw invalid('_page', 'as an earlier answer gave it');
  return { at: match[1], key: match[2] };
}

/** Columns of an alert with its assignee's name, of `alerts AS alert`. */
export const ALERT_COLUMNS = `alert.*,
  (SELECT name FROM staff_members AS member WHERE member.user_id = alert.assignee AND member.ods_code = alert.ods_code) AS assignee_name`;

export const summaryOf = (row: AlertRow): AlertSummary => ({
  reference: row.reference,
  rule: row.rule,
  title: RULES[row.rule].title,
  reason: row.reason,
  occurredAt: row.occurred_at.toISOString(),
  raisedAt: row.raised_at.toISOString(),
  status: row.status,
  ...(row.assignee !== null && { assignee: { userId: row.assignee, name: row.assignee_name ?? '' } }),
  escalated: row.escalated,
  version: row.version,
});
