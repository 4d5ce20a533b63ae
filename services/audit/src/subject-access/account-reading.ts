import { AccessRecordedSchema, fromBinary, timestampMs, type AccessRecorded } from '@carespine/contracts';
import { isSafeguarding } from '../accesses/withheld';
import type { AlertOutcome, Status } from '../alerts/alert';
import type { Rule } from '../alerts/rules';
import type { KeptPolicy, OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import type { TransparencyLog } from '../transparency/transparency-log.service';
import type { AccountAccess, AccountAlert, AccountChain, AccountHead, AccountTail } from './account';
import { instantInWords } from './days';
import { alertInWords, alertOutcomeInWords, isWorkOnAlert, outcomeOf, whatOf, whyOf } from './plain-words';
import type { Decision, Exclusion, RequestRow } from './request';

/** An access of the period, to be read. */
export interface Included {
  id: string;
  recorded: Date;
}

export interface AlertRow {
  reference: string;
  rule: Rule;
  reason: string;
  status: Status;
  outcome: AlertOutcome | null;
  occurred_at: Date;
  /** Her accesses that it is about. */
  evidence: string[];
}

/** What the guardian decided, and the single accesses that she named. */
export type Decisions = Map<Exclusion, { decision: Decision; accesses: readonly string[] }>;

/** One answer on its way: read page by page, its sums last. */
export class AccountReading {
  private readonly checkpoints: string[] = [];
  private readonly leftOut: Set<string>;
  private readonly withheldBy = new Map<string, AccountTail['namesWithheldBy'][number]>();
  private readonly found: Partial<Record<Exclusion, number>> = {};
  /** An officer's work on an alert that is left out would tell that there is one. */
  private readonly hidesAlerts: boolean;
  private isPartial = false;
  private number = 0;

  constructor(
    private readonly request: RequestRow,
    private readonly mergedNumbers: string[],
    readonly included: readonly Included[],
    private readonly chains: AccountChain[],
    private readonly alerts: AlertRow[],
    private readonly decisions: Decisions,
    private readonly log: TransparencyLog,
    private readonly policies: OrganisationPolicies,
  ) {
    this.hidesAlerts = (['open-investigations', 'safeguarding', 'other'] as const).some((what) => this.isExcluded(what));
    this.leftOut = new Set([...decisions.values()].flatMap(({ accesses }) => accesses));
    if (this.isExcluded('open-investigations')) for (const alert of alerts) if (alert.status !== 'closed') alert.evidence.forEach((id) => this.leftOut.add(id));
  }

  get head(): AccountHead {
    const { request } = this;
    return {
      reference: request.reference,
      organisation: { odsCode: request.ods_code, name: request.organisation_name },
      nhsNumber: request.nhs_number,
      mergedNumbers: this.mergedNumbers,
      from: request.from_day,
      to: request.to_day,
      preparedAt: instantInWords(new Date()),
      ...(request.withhold_names && { namesWithheld: request.withhold_reason ?? '' }),
    };
  }

  /** Those of the page that are shown, each with the id of its record. */
  async read(page: readonly Included[]): Promise<{ id: string; access: AccountAccess }[]> {
    const { checkpoint, proofs } = await this.log.inclusionOf(page.map(({ id }) => id));
    if (this.checkpoints.at(-1) !== checkpoint) this.checkpoints.push(checkpoint);
    const found = proofs.flatMap((proof) => (proof.payload === undefined ? [] : [{ proof, record: fromBinary(AccessRecordedSchema, Buffer.from(proof.payload, 'base64')) }]));
    const policies = await this.policies.ofAll([...new Set(found.map(({ record }) => record.agent?.odsCode ?? ''))]);
    const accesses: { id: string; access: AccountAccess }[] = [];
    for (const { proof, record } of found) {
      if ((this.isExcluded('safeguarding') && isSafeguarding(record)) || (this.hidesAlerts && isWorkOnAlert(record))) this.leftOut.add(proof.id);
      if (this.leftOut.has(proof.id)) {
        this.isPartial = true;
        continue;
      }
      this.count(record);
      const { agent } = record;
      const recorded = new Date(record.recorded ? timestampMs(record.recorded) : 0);
      const nameWithheld = this.isNameWithheld(record, policies);
      const access: AccountAccess = {
        number: ++this.number,
        recorded: recorded.toISOString(),
        when: instantInWords(recorded),
        organisation: organisationOf(record),
        role: agent?.userId ? agent.jobRoleName || 'Job title not recorded' : 'A computer system, without a person',
        ...(!nameWithheld && agent?.userName && { name: agent.userName }),
        nameWithheld,
        what: whatOf(record),
        why: whyOf(record, !this.isExcluded('third-parties')),
        outcome: outcomeOf(record),
        system: agent?.clientName || agent?.productId || record.service,
        proof: { leafIndex: proof.leafIndex, leafHash: proof.leafHash, inclusion: proof.inclusion, checkpoint: this.checkpoints.length - 1 },
      };
      accesses.push({ id: proof.id, access });
    }
    return accesses;
  }

  tail(): AccountTail {
    const alerts = this.alerts.filter((alert) => !this.isLeftOut(alert));
    return {
      accesses: this.number,
      alerts: alerts.map(alertOf),
      namesWithheldBy: [...this.withheldBy.values()],
      isPartial: this.isPartial || alerts.length < this.alerts.length,
      checkpoints: this.checkpoints,
      chains: this.chains,
    };
  }

  /**
   * What may only be shown when the guardian has decided so, and how many there are. Known at the end.
   *
   * @see audit specification, "Subject access request": third parties, open investigations, CP-IS and FGM
   */
  undecided(): Partial<Record<Exclusion, number>> {
    const open = this.alerts.filter((alert) => alert.status !== 'closed' && !this.isLeftOut(alert)).length;
    const found = { ...this.found, ...(open > 0 && { 'open-investigations': open }) };
    return Object.fromEntries(Object.entries(found).filter(([what]) => !this.decisions.has(what as Exclusion)));
  }

  private isExcluded(what: Exclusion): boolean {
    return this.decisions.get(what)?.decision === 'exclude';
  }

  /** An alert tells of the accesses that it is about. */
  private isLeftOut({ rule, status, evidence }: AlertRow): boolean {
    return (
      evidence.some((id) => this.leftOut.has(id)) ||
      (this.isExcluded('open-investigations') && status !== 'closed') ||
      (this.isExcluded('safeguarding') && rule === 'safeguarding-without-contact')
    );
  }

  private count(record: AccessRecorded): void {
    if (isSafeguarding(record)) this.found.safeguarding = (this.found.safeguarding ?? 0) + 1;
    if (record.note === '') return;
    this.found['third-parties'] = (this.found['third-parties'] ?? 0) + 1;
    if (this.isExcluded('third-parties')) this.isPartial = true;
  }

  private isNameWithheld(record: AccessRecorded, policies: Map<string, KeptPolicy>): boolean {
    if (!record.agent?.userId) return false;
    if (this.request.withhold_names) return true;
    const { odsCode } = record.agent;
    const policy = policies.get(odsCode);
    if (!policy?.namesWithheldInSubjectAccess) return false;
    this.withheldBy.set(odsCode, { ...organisationOf(record), reason: policy.namesWithheldReason ?? '' });
    return true;
  }
}

const organisationOf = ({ agent }: AccessRecorded): { odsCode: string; name: string } => ({ odsCode: agent?.odsCode ?? '', name: agent?.organisationName || 'Unknown organisation' });

const alertOf = ({ rule, reason, outcome, occurred_at }: AlertRow): AccountAlert => ({
  raised: instantInWords(occurred_at),
  about: alertInWords(rule, reason),
  outcome: alertOutcomeInWords(outcome),
});
