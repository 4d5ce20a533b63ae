import { Injectable } from '@nestjs/common';
import { AccessRecordedSchema, fromBinary, timestampMs, type AccessRecorded } from '@carespine/contracts';
import { Database } from '@carespine/service-kit';
import type { CompletenessProof } from '@carespine/transparency-log';
import { endOf, instantOf } from '../accesses/period';
import type { AlertOutcome, Status } from '../alerts/alert';
import type { Rule } from '../alerts/rules';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import { TransparencyLog } from '../transparency/transparency-log.service';
import type { AccountAccess, AccountAlert, AccountChain, AccountHead, AccountTail } from './account';
import { instantInWords } from './days';
import { alertInWords, alertOutcomeInWords, isSafeguarding, outcomeOf, whatOf, whyOf } from './plain-words';
import type { Exclusion, RequestRow } from './request';

/** An access of the period, to be read. */
export interface Included {
  id: string;
  recorded: Date;
}

interface ChainRow {
  event_id: string;
  leaf_index: string;
  leaf_hash: Buffer;
  previous_leaf: Buffer;
  recorded: Date;
}

interface AlertRow {
  reference: string;
  rule: Rule;
  status: Status;
  outcome: AlertOutcome | null;
  occurred_at: Date;
}

/** Where an answer is drawn from: the accesses to one patient in every organisation, her alerts, and the log. */
@Injectable()
export class AccountSource {
  constructor(
    private readonly database: Database,
    private readonly log: TransparencyLog,
    private readonly policies: OrganisationPolicies,
  ) {}

  async of(request: RequestRow): Promise<Account> {
    const period = { from: instantOf(request.from_day) ?? new Date(0), to: endOf(request.to_day) ?? new Date(0) };
    const numbers = await this.numbersOf(request.nhs_number);
    const chains: AccountChain[] = [];
    const included: Included[] = [];
    for (const nhsNumber of numbers) {
      const found = await this.chainOf(nhsNumber, period);
      if (!found) continue;
      chains.push(found.chain);
      included.push(...found.rows.filter(({ recorded }) => recorded >= period.from && recorded < period.to).map(({ event_id: id, recorded }) => ({ id, recorded })));
    }
    included.sort((a, b) => a.recorded.getTime() - b.recorded.getTime());
    const { rows: alerts } = await this.database.query<AlertRow>({
      text: `SELECT reference, rule, status, outcome, occurred_at FROM alerts WHERE nhs_number = ANY($1::text[]) AND occurred_at >= $2 AND occurred_at < $3 ORDER BY occurred_at, reference`,
      values: [numbers, period.from, period.to],
    });
    return new Account(request, included, chains, alerts, await this.exclusionsOf(request, alerts), this.log, this.policies);
  }

  /** The patient's number, and those that were found to be hers too. */
  private async numbersOf(nhsNumber: string): Promise<string[]> {
    const { rows } = await this.database.query<{ nhs_number: string }>({ text: 'SELECT nhs_number FROM patient_facts WHERE superseded_by = $1 ORDER BY 1', values: [nhsNumber] });
    return [nhsNumber, ...rows.map((row) => row.nhs_number)];
  }

  /** All accesses that the log says there are. A summary that is too old for the period is replaced by a new one. */
  private async chainOf(nhsNumber: string, period: { from: Date; to: Date }): Promise<{ chain: AccountChain; rows: ChainRow[] } | undefined> {
    let completeness = await this.log.completenessOf(nhsNumber);
    if (!completeness) return undefined;
    let { rows, erased } = await this.rowsOf(nhsNumber, completeness);
    const last = rows.at(-1);
    const { rowCount: later } = await this.database.query({
      text: 'SELECT FROM access_events WHERE nhs_number = $1 AND leaf_index > $2 AND recorded >= $3 AND recorded < $4 LIMIT 1',
      values: [nhsNumber, last?.leaf_index ?? -1, period.from, period.to],
    });
    if (later) {
      await this.log.summarise();
      completeness = (await this.log.completenessOf(nhsNumber)) ?? completeness;
      ({ rows, erased } = await this.rowsOf(nhsNumber, completeness));
    }
    const leaves = rows.map((row) => ({ leafIndex: Number(row.leaf_index), leafHash: row.leaf_hash.toString('base64'), previousLeaf: row.previous_leaf.toString('base64') }));
    return { chain: { completeness, erased, leaves }, rows };
  }

  private async rowsOf(nhsNumber: string, { accesses, lastLeaf }: CompletenessProof): Promise<{ rows: ChainRow[]; erased: number }> {
    const { rows } = await this.database.query<ChainRow>({
      text: 'SELECT event_id, leaf_index, leaf_hash, previous_leaf, recorded FROM access_events WHERE nhs_number = $1 ORDER BY access_events.leaf_index',
      values: [nhsNumber],
    });
    const end = rows.findIndex((row) => row.leaf_hash.toString('base64') === lastLeaf) + 1;
    return { rows: rows.slice(0, end), erased: accesses - end };
  }

  private async exclusionsOf({ reference }: RequestRow, alerts: AlertRow[]): Promise<Exclusions> {
    const { rows } = await this.database.query<{ what: Exclusion; accesses: string[] }>({ text: 'SELECT what, accesses FROM subject_access_exclusions WHERE reference = $1', values: [reference] });
    const exclusions: Exclusions = { kinds: new Set(rows.map(({ what }) => what)), accesses: new Map(rows.flatMap(({ what, accesses }) => accesses.map((id) => [id, what]))) };
    if (exclusions.kinds.has('open-investigations')) {
      const open = alerts.filter(({ status }) => status !== 'closed').map((alert) => alert.reference);
      const evidence = await this.database.query<{ event_id: string }>({ text: 'SELECT event_id FROM alert_evidence WHERE reference = ANY($1::text[])', values: [open] });
      for (const { event_id } of evidence.rows) exclusions.accesses.set(event_id, 'open-investigations');
    }
    return exclusions;
  }
}

interface Exclusions {
  kinds: Set<Exclusion>;
  /** Single accesses that are left out. */
  accesses: Map<string, Exclusion>;
}

/** One answer on its way: read page by page, its sums last. */
export class Account {
  private readonly checkpoints: string[] = [];
  private readonly leftOut: Partial<Record<Exclusion, number>>;
  private number = 0;

  constructor(
    private readonly request: RequestRow,
    readonly included: readonly Included[],
    private readonly chains: AccountChain[],
    private readonly alerts: AlertRow[],
    private readonly exclusions: Exclusions,
    private readonly log: TransparencyLog,
    private readonly policies: OrganisationPolicies,
  ) {
    this.leftOut = Object.fromEntries([...exclusions.kinds].map((what) => [what, 0]));
  }

  get head(): AccountHead {
    const { request } = this;
    return {
      reference: request.reference,
      organisation: { odsCode: request.ods_code, name: request.organisation_name },
      nhsNumber: request.nhs_number,
      from: request.from_day,
      to: request.to_day,
      preparedAt: instantInWords(new Date()),
      ...(request.withhold_names && { namesWithheld: request.withhold_reason ?? '' }),
    };
  }

  async read(page: readonly Included[]): Promise<AccountAccess[]> {
    const { checkpoint, proofs } = await this.log.inclusionOf(page.map(({ id }) => id));
    if (this.checkpoints.at(-1) !== checkpoint) this.checkpoints.push(checkpoint);
    const found = proofs.flatMap((proof) => (proof.payload === undefined ? [] : [{ proof, record: fromBinary(AccessRecordedSchema, Buffer.from(proof.payload, 'base64')) }]));
    const policies = await this.policies.ofAll([...new Set(found.map(({ record }) => record.agent?.odsCode ?? ''))]);
    const accesses: AccountAccess[] = [];
    for (const { proof, record } of found) {
      const excluded = this.exclusionOf(proof.id, record);
      if (excluded) {
        this.leftOut[excluded] = (this.leftOut[excluded] ?? 0) + 1;
        continue;
      }
      const { agent } = record;
      const recorded = new Date(record.recorded ? timestampMs(record.recorded) : 0);
      const nameWithheld = (agent?.userId ?? '') !== '' && (this.request.withhold_names || (policies.get(agent?.odsCode ?? '')?.namesWithheldInSubjectAccess ?? false));
      accesses.push({
        number: ++this.number,
        recorded: recorded.toISOString(),
        when: instantInWords(recorded),
        organisation: { odsCode: agent?.odsCode ?? '', name: agent?.organisationName || 'Unknown organisation' },
        role: agent?.userId ? agent.jobRoleName || 'Job title not recorded' : 'A computer system, without a person',
        ...(!nameWithheld && agent?.userName && { name: agent.userName }),
        nameWithheld,
        what: whatOf(record),
        why: whyOf(record, !this.exclusions.kinds.has('third-parties')),
        outcome: outcomeOf(record),
        system: agent?.clientName || agent?.productId || record.service,
        proof: { leafIndex: proof.leafIndex, leafHash: proof.leafHash, inclusion: proof.inclusion, checkpoint: this.checkpoints.length - 1 },
      });
    }
    return accesses;
  }

  tail(): AccountTail {
    const hidden = this.exclusions.kinds.has('open-investigations');
    return {
      accesses: this.number,
      alerts: this.alerts.filter(({ status }) => !hidden || status === 'closed').map(alertOf),
      leftOut: Object.entries(this.leftOut).map(([what, accesses]) => ({ what: what as Exclusion, accesses })),
      checkpoints: this.checkpoints,
      chains: this.chains,
    };
  }

  private exclusionOf(id: string, record: AccessRecorded): Exclusion | undefined {
    return this.exclusions.accesses.get(id) ?? (this.exclusions.kinds.has('safeguarding') && isSafeguarding(record) ? 'safeguarding' : undefined);
  }
}

const alertOf = ({ rule, outcome, occurred_at }: AlertRow): AccountAlert => ({
  raised: instantInWords(occurred_at),
  about: alertInWords(rule),
  outcome: alertOutcomeInWords(outcome),
});
