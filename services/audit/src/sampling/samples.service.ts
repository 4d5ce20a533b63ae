import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import type { AlertRow, AlertSummary, Named } from '../alerts/alert';
import { ALERT_COLUMNS, Condition, pageAfter, summaryOf, visibleTo, within } from '../alerts/alert-list';
import { isGuardian, rulesOf } from '../alerts/officers';
import { RULE_NAMES, RULES, type Rule } from '../alerts/rules';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import type { Policy } from '../organisation-policy/policy';
import { invalid } from '../request-body';
import { draw } from './draw';

export interface Sample {
  id: string;
  from: string;
  to: string;
  seed: string;
  share: number;
  selection: Policy['selection'];
  /** How many alerts it was drawn from. */
  population: number;
  drawnAt: string;
  drawnBy: Named;
  alerts: AlertSummary[];
  /** How many of the drawn are closed, and how many of these were appropriate. */
  checked: number;
  appropriate: number;
  /** The same by rule, since the rest is closed by rule. */
  rules: { rule: Rule; title: string; population: number; drawn: number; checked: number; appropriate: number }[];
}

interface SampleRow {
  id: string;
  from_day: string;
  to_day: string;
  seed: string;
  is_seed_chosen: boolean;
  share: number;
  selection: Policy['selection'];
  drawn_at: Date;
  drawn_by: string;
  drawn_by_name: string;
  population: number;
}

const SAMPLE = `SELECT id, from_day::text, to_day::text, seed, is_seed_chosen, share, selection, drawn_at, drawn_by, drawn_by_name,
  (SELECT count(*)::int FROM sampled_alerts WHERE sample_id = id) AS population FROM alert_samples`;

/** Samples of alerts: of each rule's the share that the organisation's procedure says is checked, so drawn that anybody can draw it again. */
@Injectable()
export class Samples {
  constructor(
    private readonly database: Database,
    private readonly policies: OrganisationPolicies,
  ) {}

  /**
   * Draws from the alerts of the period, rule by rule: of the rules whose alerts reach the officer, those about privacy officers for the guardian
   * alone. Nothing that is done to an alert changes a draw.
   */
  async draw(who: Principal, period: { from: string; to: string; seed?: string }): Promise<Sample> {
    const { samplePercent: share, selection } = await this.policies.of(who.organisation.odsCode);
    const id = randomUUID();
    const seed = period.seed ?? randomBytes(16).toString('hex');
    await this.database.transaction(async (tx) => {
      // draws of one organisation take turns: which was first is never in doubt
      await tx.query("SELECT pg_advisory_xact_lock(hashtext('alert_samples'), hashtext($1))", [who.organisation.odsCode]);
      const population = new Condition()
        .add((ods) => `ods_code = ${ods}`, who.organisation.odsCode)
        .add((rules) => `rule = ANY(${rules}::text[])${isGuardian(who) ? '' : ' AND NOT for_guardian'}`, rulesOf(who));
      const condition = within(population, period);
      const rows = (await tx.query(`SELECT reference, rule FROM alerts WHERE ${condition.sql} ORDER BY raised_at, reference`, condition.values)) as { reference: string; rule: Rule }[];
      const references = rows.map(({ reference }) => reference);
      const drawn = new Set(
        RULE_NAMES.flatMap((rule) => draw(rows.filter((row) => row.rule === rule), { share, selection, seed: `${seed} ${rule}` })).map(({ reference }) => reference),
      );
      await tx.query(
        `INSERT INTO alert_samples (id, ods_code, from_day, to_day, seed, is_seed_chosen, share, selection, drawn_by, drawn_by_name)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, who.organisation.odsCode, period.from, period.to, seed, period.seed !== undefined, share, selection, who.userId ?? '', who.name ?? ''],
      );
      await tx.query('INSERT INTO sampled_alerts (sample_id, reference, drawn) SELECT $1, * FROM unnest($2::text[], $3::boolean[])', [
        id,
        references,
        references.map((reference) => drawn.has(reference)),
      ]);
    });
    return this.read(who, id);
  }

  async list(who: Principal, page: { count: number; after?: { at: string; key: string } }): Promise<{ samples: Sample[]; next?: string }> {
    const { rows } = await this.database.query<SampleRow>({
      text: `${SAMPLE} WHERE ods_code = $1 AND ($2::timestamptz IS NULL OR (drawn_at, id) < ($2, $3::uuid)) ORDER BY drawn_at DESC, id DESC LIMIT $4`,
      values: [who.organisation.odsCode, page.after?.at ?? null, page.after?.key ?? null, page.count + 1],
    });
    const shown = rows.slice(0, page.count);
    const last = rows.length > page.count ? shown.at(-1) : undefined;
    return { samples: await Promise.all(shown.map((row) => this.whole(who, row))), ...(last && { next: pageAfter(last.drawn_at, last.id) }) };
  }

  /** @throws Fault RESOURCE_NOT_FOUND */
  async read(who: Principal, id: string): Promise<Sample> {
    return this.whole(who, await this.rowOf(who, id));
  }

  private async rowOf(who: Principal, id: string): Promise<SampleRow> {
    const { rows } = await this.database.query<SampleRow>({ text: `${SAMPLE} WHERE ods_code = $1 AND id = $2`, values: [who.organisation.odsCode, id] });
    if (!rows[0]) throw new Fault('RESOURCE_NOT_FOUND');
    return rows[0];
  }

  /**
   * Closes, of one rule, what was not drawn and is still new, nobody's and not escalated.
   *
   * @throws Fault BUSINESS_RULE unless every drawn alert of the rule is closed and none of them was inappropriate; or where the draw was not left
   *   to chance: the officer named its seed, or had drawn from these alerts before
   * @see audit specification, "Life of an alert": bulk close only by rule and sample, recorded as such
   */
  async closeRest(who: Principal, id: string, rule: Rule, note: string): Promise<Sample> {
    const sample = await this.rowOf(who, id);
    if (sample.is_seed_chosen) throw new Fault('BUSINESS_RULE', { diagnostics: 'A draw by a seed that was named is for checking alone' });
    await this.database.transaction(async (tx) => {
      // locked: a drawn alert that is being re-opened is seen, or waits
      const drawn = (await tx.query(
        'SELECT status, outcome FROM alerts JOIN sampled_alerts USING (reference) WHERE sample_id = $1 AND rule = $2 AND drawn ORDER BY reference FOR SHARE OF alerts',
        [id, rule],
      )) as Pick<AlertRow, 'status' | 'outcome'>[];
      if (drawn.length === 0) throw invalid('rule', 'a rule of which the sample holds alerts');
      const earlier = (await tx.query(
        `SELECT FROM sampled_alerts AS own JOIN alerts USING (reference) JOIN sampled_alerts AS other USING (reference) JOIN alert_samples AS before ON before.id = other.sample_id
          WHERE own.sample_id = $1 AND alerts.rule = $2 AND (before.drawn_at, before.id) < ($3, $1) LIMIT 1`,
        [id, rule, sample.drawn_at],
      )) as unknown[];
      if (earlier.length > 0) throw new Fault('BUSINESS_RULE', { diagnostics: 'Some of these alerts were drawn from before: the first draw decides' });
      if (drawn.some(({ status }) => status !== 'closed')) throw new Fault('BUSINESS_RULE', { diagnostics: 'Every drawn alert must be closed first' });
      if (drawn.some(({ outcome }) => outcome === 'inappropriate')) {
        throw new Fault('BUSINESS_RULE', { diagnostics: 'A drawn alert was inappropriate: the rest must be looked at one by one' });
      }
      const rest = visibleTo(who)
        .add((at) => `rule = ${at} AND status = 'new' AND NOT escalated AND assignee IS NULL`, rule)
        .add((at) => `reference IN (SELECT reference FROM sampled_alerts WHERE sample_id = ${at} AND NOT drawn)`, id);
      const [by, name, said] = [rest.values.length + 1, rest.values.length + 2, rest.values.length + 3];
      await tx.query(
        `WITH closed AS (UPDATE alerts SET status = 'closed', outcome = 'appropriate', version = version + 1 WHERE ${rest.sql} RETURNING reference)
         INSERT INTO alert_history (reference, by_user_id, by_name, step, note, outcome) SELECT reference, $${by}, $${name}, 'close', $${said}, 'appropriate' FROM closed`,
        [...rest.values, who.userId, who.name, `closed by sample ${id}: ${note}`],
      );
    });
    return this.read(who, id);
  }

  private async whole(who: Principal, row: SampleRow): Promise<Sample> {
    const condition = visibleTo(who).add((at) => `reference IN (SELECT reference FROM sampled_alerts WHERE sample_id = ${at} AND drawn)`, row.id);
    const { rows } = await this.database.query<AlertRow>({
      text: `SELECT ${ALERT_COLUMNS} FROM alerts AS alert WHERE ${condition.sql} ORDER BY raised_at, reference`,
      values: condition.values,
    });
    const { rows: rules } = await this.database.query<Omit<Sample['rules'][number], 'title'>>({
      text: `SELECT rule, count(*)::int AS population, count(*) FILTER (WHERE drawn)::int AS drawn, count(*) FILTER (WHERE drawn AND status = 'closed')::int AS checked,
          count(*) FILTER (WHERE drawn AND outcome = 'appropriate')::int AS appropriate
        FROM sampled_alerts JOIN alerts USING (reference) WHERE sample_id = $1 GROUP BY rule ORDER BY rule`,
      values: [row.id],
    });
    return {
      id: row.id,
      from: row.from_day,
      to: row.to_day,
      seed: row.seed,
      share: row.share,
      selection: row.selection,
      population: row.population,
      drawnAt: row.drawn_at.toISOString(),
      drawnBy: { userId: row.drawn_by, name: row.drawn_by_name },
      alerts: rows.map(summaryOf),
      checked: rows.filter(({ status }) => status === 'closed').length,
      appropriate: rows.filter(({ outcome }) => outcome === 'appropriate').length,
      rules: rules.map((each) => ({ ...each, title: RULES[each.rule].title })),
    };
  }
}
