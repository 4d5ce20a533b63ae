import type { PoolClient } from 'pg';
import { AccessRecordedSchema, fromBinary, type Interaction } from '@carespine/contracts';
import { MONTH, monthsOf } from '../accesses/months';
import { DEFAULTS, type KeptPolicy } from '../organisation-policy/organisation-policies.service';
import { isEnabled } from '../organisation-policy/policy';
import type { Act } from './act';
import { COUNTS, DISORDER_MS, measure, neededFor, WINDOW_RULES, windowMs, type WindowAct, type WindowHit, type WindowRule } from './window-rules';

interface Row {
  at: number;
  event_id: string;
  recorded: Date;
  nhs_number: string;
  request_id: string;
  interaction: number;
  outcome: 0 | 4 | 8 | 12;
  service: string;
  resource_type: string;
  refused: Buffer | null;
}

/** What one user did in this batch. */
interface Doing {
  acts: Act[];
  policy: KeptPolicy;
}

/** Acts that are read of one user for each that a rule needs: a search may have twenty hits. */
const ACTS_EACH = 20;
const MOST_REMEMBERED = 300_000;

/**
 * Rules over a stretch of one user's time, at the cost of a subtraction an act.
 *
 * A count within a window can grow by one an act and no faster. So after each look at the store a user has a credit, the number of
 * acts that cannot fire the rule; only whoever has used it up is looked at again. Somebody unknown has none, and nor has who did something
 * that is told late: the stretch that it belongs to is another.
 */
export class UserWindows {
  private readonly credits = new Map<string, { policyVersion: number; newest: number; left: Record<WindowRule, number> }>();

  /** Whatever was remembered may be behind: look again. */
  forget(): void {
    this.credits.clear();
  }

  async hits(acts: readonly Act[], policies: Map<string, KeptPolicy>, upTo: bigint, tx: PoolClient): Promise<{ act: Act; hit: WindowHit }[]> {
    const users = new Map<string, Doing>();
    for (const act of acts) {
      if (act.userId === '' || act.odsCode === '' || !WINDOW_RULES.some((rule) => COUNTS[rule](act))) continue;
      const key = `${act.userId} ${act.odsCode}`;
      const doing = users.get(key);
      if (doing) doing.acts.push(act);
      else users.set(key, { acts: [act], policy: policies.get(act.odsCode) ?? DEFAULTS });
    }
    const looked = [...users].filter(([key, doing]) => this.isCreditUsedUp(key, doing));
    if (looked.length === 0) return [];
    const rows = await this.read(looked.map(([, doing]) => doing), upTo, tx);
    return looked.flatMap(([key, { acts: own, policy }], i) => {
      const last = own.at(-1);
      if (!last) return [];
      const found: { act: Act; hit: WindowHit }[] = [];
      const left = {} as Record<WindowRule, number>;
      const ids = new Set(own.map(({ eventId }) => eventId));
      for (const rule of WINDOW_RULES) {
        const { hits, credit } = measure(rule, rows[i] ?? [], policy, last.jobRole, ({ eventId }) => ids.has(eventId));
        left[rule] = credit;
        // the alert is of the day on which it came to be too much
        if (isEnabled(policy, rule)) found.push(...hits.map((hit) => ({ act: { ...last, recorded: hit.evidence.at(-1)?.recorded ?? last.recorded }, hit })));
      }
      this.credits.set(key, { policyVersion: policy.version, newest: rows[i]?.at(-1)?.recorded.getTime() ?? 0, left });
      return found;
    });
  }

  private isCreditUsedUp(key: string, { acts, policy }: Doing): boolean {
    const credit = this.credits.get(key);
    if (!credit || credit.policyVersion !== policy.version) {
      if (this.credits.size > MOST_REMEMBERED) this.credits.clear();
      return true;
    }
    for (const act of acts) {
      if (act.recorded.getTime() < credit.newest - DISORDER_MS) return true;
      credit.newest = Math.max(credit.newest, act.recorded.getTime());
      for (const rule of WINDOW_RULES) if (COUNTS[rule](act)) credit.left[rule]--;
    }
    return WINDOW_RULES.some((rule) => credit.left[rule] <= 0);
  }

  /** Each user's acts from a window before the first new one on, oldest first. */
  private async read(users: Doing[], upTo: bigint, tx: PoolClient): Promise<WindowAct[][]> {
    const since = users.map(({ acts, policy }) => {
      const longest = Math.max(...WINDOW_RULES.map((rule) => windowMs(policy, rule)));
      return new Date(Math.min(...acts.map(({ recorded }) => recorded.getTime())) - longest - DISORDER_MS).toISOString();
    });
    const most = users.map(({ acts, policy }) => acts.length + ACTS_EACH * Math.max(...WINDOW_RULES.map((rule) => neededFor(policy, rule, acts.at(-1)?.jobRole ?? ''))));
    const newest = users.flatMap(({ acts }) => acts.map(({ recorded }) => recorded.getTime()));
    const months = monthsOf({ from: new Date(Math.min(...since.map(Date.parse))), to: new Date(Math.max(Date.now(), ...newest)) });
    const { rows } = await tx.query<Row>({
      name: 'acts-of-users',
      text: `SELECT u.at::int, e.* FROM unnest($1::text[], $2::text[], $3::timestamptz[], $6::int[]) WITH ORDINALITY AS u (user_id, ods_code, since, most, at)
        CROSS JOIN LATERAL (
          SELECT event_id, recorded, nhs_number, request_id, interaction, outcome, service, resource_type, CASE WHEN outcome = 4 THEN payload END AS refused
          FROM access_events WHERE user_id = u.user_id AND user_id <> '' AND ods_code = u.ods_code AND recorded > u.since AND ${MONTH} = ANY($5::timestamp[])
            AND leaf_index <= $4
          ORDER BY ${MONTH} DESC, recorded DESC, event_id DESC LIMIT u.most
        ) AS e`,
      values: [users.map(({ acts }) => acts[0]?.userId), users.map(({ acts }) => acts[0]?.odsCode), since, upTo.toString(), months, most],
    });
    const found: WindowAct[][] = users.map(() => []);
    for (const row of rows) {
      const user = users[row.at - 1]?.acts[0];
      const refused = row.refused && fromBinary(AccessRecordedSchema, row.refused);
      found[row.at - 1]?.push({
        eventId: row.event_id,
        recorded: row.recorded,
        nhsNumber: row.nhs_number,
        requestId: row.request_id,
        interaction: row.interaction as Interaction,
        outcome: row.outcome,
        service: row.service,
        userId: user?.userId ?? '',
        resourceType: row.resource_type,
        outcomeDescription: refused?.outcomeDescription ?? '',
        isFed: refused !== null && refused.original.length > 0,
      });
    }
    for (const acts of found) acts.reverse();
    return found;
  }
}
