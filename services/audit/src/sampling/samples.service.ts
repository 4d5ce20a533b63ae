import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import type { AlertRow, AlertSummary, Named } from '../alerts/alert';
import { ALERT_COLUMNS, pageAfter, summaryOf, visibleTo, within } from '../alerts/alert-list';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import type { Policy } from '../organisation-policy/policy';
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
}

interface SampleRow {
  id: string;
  from_day: string;
  to_day: string;
  seed: string;
  share: number;
  selection: Policy['selection'];
  drawn_at: Date;
  drawn_by: string;
  drawn_by_name: string;
  population: number;
}

const SAMPLE = `SELECT id, from_day::text, to_day::text, seed, share, selection, drawn_at, drawn_by, drawn_by_name,
  (SELECT count(*)::int FROM sampled_alerts WHERE sample_id = id) AS population FROM alert_samples`;

/** Samples of alerts: the share that the organisation's procedure says is checked, so drawn that anybody can draw it again. */
@Injectable()
export class Samples {
  constructor(
    private readonly database: Database,
    private readonly policies: OrganisationPolicies,
  ) {}

  /** Draws from the alerts of the period that the officer may see, whatever their state: what is done to them changes no draw. */
  async draw(who: Principal, period: { from: string; to: string; seed?: string }): Promise<Sample> {
    const { samplePercent: share, selection } = await this.policies.of(who.organisation.odsCode);
    const id = randomUUID();
    const seed = period.seed ?? randomBytes(16).toString('hex');
    await this.database.transaction(async (tx) => {
      const condition = within(visibleTo(who), period);
      const rows = (await tx.query(`SELECT reference FROM alerts WHERE ${condition.sql} ORDER BY raised_at, reference`, condition.values)) as { reference: string }[];
      const references = rows.map(({ reference }) => reference);
      const drawn = new Set(draw(references, { share, selection, seed }));
      await tx.query(
        'INSERT INTO alert_samples (id, ods_code, from_day, to_day, seed, share, selection, drawn_by, drawn_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
        [id, who.organisation.odsCode, period.from, period.to, seed, share, selection, who.userId ?? '', who.name ?? ''],
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
    const { rows } = await this.database.query<SampleRow>({ text: `${SAMPLE} WHERE ods_code = $1 AND id = $2`, values: [who.organisation.odsCode, id] });
    if (!rows[0]) throw new Fault('RESOURCE_NOT_FOUND');
    return this.whole(who, rows[0]);
  }

  /**
   * Closes what was not drawn and is still new; what somebody investigates stays hers.
   *
   * @throws Fault BUSINESS_RULE unless every drawn alert is closed and none of them was inappropriate
   * @see audit specification, "Life of an alert": bulk close only by rule and sample, recorded as such
   */
  async closeRest(who: Principal, id: string, note: string): Promise<Sample> {
    await this.read(who, id);
    await this.database.transaction(async (tx) => {
      // locked: a drawn alert that is being re-opened is seen, or waits
      const drawn = (await tx.query(
        'SELECT status, outcome FROM alerts JOIN sampled_alerts USING (reference) WHERE sample_id = $1 AND drawn ORDER BY reference FOR SHARE OF alerts',
        [id],
      )) as Pick<AlertRow, 'status' | 'outcome'>[];
      if (drawn.some(({ status }) => status !== 'closed')) throw new Fault('BUSINESS_RULE', { diagnostics: 'Every drawn alert must be closed first' });
      if (drawn.some(({ outcome }) => outcome === 'inappropriate')) {
        throw new Fault('BUSINESS_RULE', { diagnostics: 'A drawn alert was inappropriate: the rest must be looked at one by one' });
      }
      const rest = visibleTo(who).add((at) => `status = 'new' AND reference IN (SELECT reference FROM sampled_alerts WHERE sample_id = ${at} AND NOT drawn)`, id);
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
    };
  }
}
