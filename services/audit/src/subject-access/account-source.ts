import { Injectable } from '@nestjs/common';
import { Database } from '@carespine/service-kit';
import { completenessFault, isUnbroken, type SummaryStatement } from '@carespine/transparency-log';
import { endOf, instantOf, type Period } from '../accesses/period';
import { numbersOf } from '../merged-numbers';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import { LogKeys } from '../transparency/log-keys';
import { TransparencyLog } from '../transparency/transparency-log.service';
import type { AccountChain } from './account';
import { AccountReading, type AlertRow, type Decisions, type Included } from './account-reading';
import type { Decision, Exclusion, RequestRow } from './request';

/** The log does not prove that the accesses found are all that there were: no answer is made of them. */
export class NotWhole extends Error {
  override readonly name = 'NotWhole';
}

interface ChainRow {
  event_id: string;
  leaf_index: string;
  leaf_hash: Buffer;
  previous_leaf: Buffer;
  recorded: Date;
}

interface FoundChain {
  chain: AccountChain;
  rows: ChainRow[];
  /** Accesses of the period that the summary does not count yet. */
  isBehind: boolean;
}

/** Where an answer is drawn from: the accesses to one patient in every organisation, her alerts, and the log. */
@Injectable()
export class AccountSource {
  constructor(
    private readonly database: Database,
    private readonly log: TransparencyLog,
    private readonly keys: LogKeys,
    private readonly policies: OrganisationPolicies,
  ) {}

  /** @throws NotWhole */
  async of(request: RequestRow): Promise<AccountReading> {
    const period = { from: instantOf(request.from_day) ?? new Date(0), to: endOf(request.to_day) ?? new Date(0) };
    const numbers = (await numbersOf([request.nhs_number], this.database.pool)).get(request.nhs_number) ?? [];
    const chains: AccountChain[] = [];
    const included: Included[] = [];
    for (const nhsNumber of numbers) {
      const found = await this.wholeChainOf(nhsNumber, period);
      if (!found) continue;
      chains.push(found.chain);
      included.push(...found.rows.filter(({ recorded }) => recorded >= period.from && recorded < period.to).map(({ event_id: id, recorded }) => ({ id, recorded })));
    }
    included.sort((a, b) => a.recorded.getTime() - b.recorded.getTime());
    // what an alert is about stands in its evidence: some name no patient, since they are about several
    const { rows: alerts } = await this.database.query<AlertRow>({
      text: `SELECT alert.reference, alert.rule, alert.reason, alert.status, alert.outcome, alert.occurred_at, array_agg(access.event_id) AS evidence
        FROM access_events AS access JOIN alert_evidence AS evidence USING (event_id) JOIN alerts AS alert ON alert.reference = evidence.reference
        WHERE access.nhs_number = ANY($1::text[]) AND access.recorded >= $2 AND access.recorded < $3
        GROUP BY alert.reference ORDER BY alert.occurred_at, alert.reference`,
      values: [numbers, period.from, period.to],
    });
    return new AccountReading(request, numbers.slice(1), included, chains, alerts, await this.decisionsOf(request), this.log, this.policies);
  }

  /** All accesses that the log says there are. A summary from before the last of them, or from before they were erased, is replaced by a new one. */
  private async wholeChainOf(nhsNumber: string, period: Period): Promise<FoundChain | undefined> {
    const first = await this.chainOf(nhsNumber, period);
    if (!first || (!first.isBehind && this.isWhole(first.chain))) return first;
    await this.log.summarise();
    const second = await this.chainOf(nhsNumber, period);
    if (second && !this.isWhole(second.chain)) throw new NotWhole();
    return second;
  }

  private isWhole({ completeness, leaves }: AccountChain): boolean {
    return leaves.length === completeness.accesses && completenessFault(completeness, this.keys.verifiers) === undefined && isUnbroken(leaves, completeness);
  }

  private async chainOf(nhsNumber: string, period: Period): Promise<FoundChain | undefined> {
    const completeness = await this.log.completenessOf(nhsNumber);
    if (!completeness) return undefined;
    const { upTo } = JSON.parse(completeness.summaryStatement) as SummaryStatement;
    const { rows } = await this.database.query<ChainRow>({
      text: 'SELECT event_id, leaf_index, leaf_hash, previous_leaf, recorded FROM access_events WHERE nhs_number = $1 ORDER BY access_events.leaf_index',
      values: [nhsNumber],
    });
    const counted = rows.filter((row) => Number(row.leaf_index) < upTo);
    return {
      chain: {
        completeness,
        leaves: counted.map((row) => ({ leafIndex: Number(row.leaf_index), leafHash: row.leaf_hash.toString('base64'), previousLeaf: row.previous_leaf.toString('base64') })),
      },
      rows: counted,
      isBehind: rows.slice(counted.length).some(({ recorded }) => recorded >= period.from && recorded < period.to),
    };
  }

  /** The last on each thing holds. */
  private async decisionsOf({ reference }: RequestRow): Promise<Decisions> {
    const { rows } = await this.database.query<{ decision: Decision; what: Exclusion; accesses: string[] }>({
      text: 'SELECT decision, what, accesses FROM subject_access_decisions WHERE reference = $1 ORDER BY id',
      values: [reference],
    });
    const decisions: Decisions = new Map();
    for (const { decision, what, accesses } of rows) {
      const before = decisions.get(what)?.accesses ?? [];
      decisions.set(what, { decision, accesses: decision === 'exclude' ? [...before, ...accesses] : [] });
    }
    return decisions;
  }
}
