import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';
import { inTransaction } from '@carespine/events';
import { Database, isPassing, LOG, meter, type Log } from '@carespine/service-kit';
import { OrganisationPolicies, type KeptPolicy } from '../organisation-policy/organisation-policies.service';
import { StaffRegister } from '../staff/staff-register.service';
import { actOf, type Act } from './act';
import { hitsOf } from './act-rules';
import { circumstancesOf } from './circumstances';
import { awaitContacts, ClientNetworks, missedContacts, repeatedEmergencies } from './memories';
import { raise, type Raising } from './raising';
import { UserWindows } from './user-windows';

const BATCH = 2000;
const LOOK_AGAIN_MS = 250;
const HOUSEKEEPING_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

const raised = meter.createCounter('alerts_raised_total', { description: 'Alerts that the rules raised' });

/**
 * Reads access records behind a cursor of its own and raises alerts: the alerts, all that the rules remember, and the cursor commit
 * together, so that each record is judged exactly once. Recording never waits for it.
 */
@Injectable()
export class AlertEvaluator implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly windows = new UserWindows();
  private readonly networks = new ClientNetworks();
  /** Where this process left the cursor; another replica may have moved it since. */
  private at?: string;
  private batch = BATCH;
  private stopping = new AbortController();
  private running?: Promise<void>;

  constructor(
    private readonly database: Database,
    private readonly policies: OrganisationPolicies,
    private readonly staff: StaffRegister,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    let housekeepingAt = 0;
    while (!this.stopping.signal.aborted) {
      if (Date.now() >= housekeepingAt) {
        await this.keepHouse();
        housekeepingAt = Date.now() + HOUSEKEEPING_MS;
      }
      try {
        const judged = (await this.isBehind()) ? await this.judgeNext(failures) : 0;
        failures = 0;
        if (judged < this.batch) await this.pause(LOOK_AGAIN_MS);
        this.batch = Math.min(BATCH, this.batch * 2);
      } catch (error) {
        this.windows.forget();
        this.networks.forget();
        this.staff.forget();
        // a smaller batch each time, until the record that cannot be judged stands alone
        if (!isPassing(error)) failures = this.batch === 1 ? failures + 1 : 0;
        this.batch = Math.max(1, this.batch >> 2);
        this.complain(error);
        await this.pause(isPassing(error) ? LONGEST_PAUSE_MS / 10 : 50);
      }
    }
  }

  /** What time alone brings about. */
  private async keepHouse(): Promise<void> {
    try {
      await inTransaction(this.database.pool, async (tx) => raise(await missedContacts(this.policies, tx), tx));
      await inTransaction(this.database.pool, escalateOverdue);
    } catch (error) {
      this.complain(error);
    }
  }

  private complain(error: unknown): void {
    this.log.warn({ reason: error instanceof Error ? error.name : 'unknown', code: error instanceof Error && 'code' in error ? error.code : undefined }, 'alerts.retried');
  }

  private async isBehind(): Promise<boolean> {
    const { rows } = await this.database.query<{ behind: boolean }>({
      name: 'alerts-behind',
      text: 'SELECT EXISTS (SELECT FROM access_events WHERE leaf_index > alert_cursor.leaf_index) AS behind FROM alert_cursor',
    });
    return rows[0]?.behind ?? false;
  }

  /** @param failures of a batch of one: at the fourth it is passed over, so that one record cannot silence all rules */
  private judgeNext(failures: number): Promise<number> {
    return inTransaction(this.database.pool, async (tx) => {
      const cursor = await tx.query<{ leaf_index: string }>({ name: 'alert-cursor', text: 'SELECT leaf_index FROM alert_cursor FOR UPDATE' });
      const after = cursor.rows[0]?.leaf_index ?? '-1';
      if (after !== this.at) {
        this.windows.forget();
        this.networks.forget();
      }
      const { rows } = await tx.query<{ leaf_index: string; event_id: string; payload: Buffer }>({
        name: 'next-accesses',
        text: 'SELECT leaf_index, event_id, payload FROM access_events WHERE leaf_index > $1 ORDER BY leaf_index LIMIT $2',
        values: [after, this.batch],
      });
      const last = rows.at(-1)?.leaf_index;
      if (last === undefined) return 0;
      if (failures > 3) this.log.error({ leafIndex: last }, 'alerts.passed-over');
      else await this.judge(rows.map((row) => actOf(row.event_id, fromBinary(AccessRecordedSchema, row.payload))), BigInt(last), tx);
      await tx.query({ name: 'move-alert-cursor', text: 'UPDATE alert_cursor SET leaf_index = $1', values: [last] });
      this.at = last;
      return rows.length;
    });
  }

  private async judge(acts: Act[], upTo: bigint, tx: PoolClient): Promise<void> {
    await this.staff.meet(acts.map(({ userId, odsCode, userName, jobRole, jobRoleName, isFed }) => ({ userId, odsCode, name: userName, jobRole, jobRoleName, isFed })), tx);
    const policies = await this.policies.ofAll([...new Set(acts.map(({ odsCode }) => odsCode))], tx);
    const raisings = [
      ...(await ofSingleActs(acts, policies, tx)),
      ...(await this.windows.hits(acts, policies, upTo, tx)).map(
        ({ act, hit }): Raising => ({ act: { ...act, nhsNumber: '', note: '' }, ...hit, cause: act.userId }),
      ),
      ...(await repeatedEmergencies(acts, policies, tx)),
      ...(await this.networks.hits(acts, policies, tx)),
    ];
    await awaitContacts(acts, policies, tx);
    const made = await raise(raisings, tx);
    if (made > 0) raised.add(made);
  }

  private async pause(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

async function ofSingleActs(acts: readonly Act[], policies: Map<string, KeptPolicy>, tx: PoolClient): Promise<Raising[]> {
  const around = await circumstancesOf(acts, policies, tx);
  return acts.flatMap((act) =>
    hitsOf(act, around(act)).map((hit): Raising => ({ ...hit, act: hit.cause === act.userId ? { ...act, nhsNumber: '', note: '' } : act, evidence: [act] })),
  );
}

/** What stays new for longer than the organisation's policy allows goes to the guardian. */
async function escalateOverdue(tx: PoolClient): Promise<void> {
  await tx.query({
    name: 'escalate-overdue',
    text: `WITH overdue AS (
        UPDATE alerts SET escalated = true
        WHERE status = 'new' AND NOT escalated AND raised_at < now() - interval '1 day' AND raised_at < now() - make_interval(days => coalesce(
          (SELECT (policy->>'escalateAfterDays')::int FROM organisation_policies AS own WHERE own.ods_code = alerts.ods_code ORDER BY version DESC LIMIT 1), 7))
        RETURNING reference
      )
      INSERT INTO alert_history (reference, step, note) SELECT reference, 'escalate', 'New for longer than the policy allows' FROM overdue`,
  });
}
