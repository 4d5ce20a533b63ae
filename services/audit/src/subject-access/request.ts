/** What the Caldicott Guardian decides on: whether it is left out of an answer. The first three hold an answer up until she did. @see audit specification, "Subject access request" */
export const EXCLUSIONS = ['third-parties', 'open-investigations', 'safeguarding', 'other'] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

export const STATUSES = ['preparing', 'awaiting-decision', 'ready', 'sent', 'closed', 'failed'] as const;
export type Status = (typeof STATUSES)[number];

/** Calendar months from the day of receipt. @see UK GDPR, Article 12(3): one month, and two more for complex requests */
export const TIME_TO_ANSWER = 1;
export const TIME_WHEN_EXTENDED = 3;

export const FORMATS = ['html', 'pdf', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export const DECISIONS = ['exclude', 'include'] as const;
export type Decision = (typeof DECISIONS)[number];

export const STEPS = ['extend', ...DECISIONS, 'sent', 'close', 'appeal'] as const;
export type Step = (typeof STEPS)[number];
export const isDecision = (step: Step): step is Decision => DECISIONS.some((decision) => decision === step);

/**
 * Documents that show who asks: what each proves.
 *
 * @see audit specification, "Subject access request": identity is proved first, commonly by two documents; one with a photograph, one with an address
 */
export const IDENTITY_DOCUMENTS = {
  passport: 'photograph',
  'driving-licence': 'photograph',
  'national-identity-card': 'photograph',
  'utility-bill': 'address',
  'bank-statement': 'address',
  'council-tax-bill': 'address',
  'birth-certificate': 'neither',
  'power-of-attorney': 'neither',
} as const;
export type IdentityDocument = keyof typeof IDENTITY_DOCUMENTS;

/** As a list shows it: no patient. Days are Europe/London calendar days. */
export interface RequestSummary {
  reference: string;
  from: string;
  to: string;
  receivedOn: string;
  dueOn: string;
  extended: boolean;
  status: Status;
  progress: { done: number; of?: number };
  accesses?: number;
  withholdNames: boolean;
  version: number;
}

export interface SubjectAccessRequest extends RequestSummary {
  nhsNumber: string;
  identityChecks: IdentityDocument[];
  withholdReason?: string;
  /** What waits for the guardian's decision, and how many there are: accesses, open alerts, notes. */
  toDecide: { what: Exclusion; found: number }[];
  /** Oldest first; a later one on the same thing replaces it. */
  decisions: { decision: Decision; what: Exclusion; reason: string; accesses: number; decidedBy: { userId: string; name: string }; decidedAt: string }[];
  history: { at: string; by: { userId: string; name: string } | 'platform'; step: string; note?: string }[];
  /** Those that the request's state allows; decisions are for the guardian alone. */
  steps: Step[];
}

/** A row of `subject_access_requests`, its days as text. */
export interface RequestRow {
  reference: string;
  ods_code: string;
  organisation_name: string;
  nhs_number: string;
  from_day: string;
  to_day: string;
  received_on: string;
  due_on: string;
  extended: boolean;
  identity_checks: IdentityDocument[];
  withhold_names: boolean;
  withhold_reason: string | null;
  status: Status;
  version: number;
  created_at: Date;
  preparation: number;
  attempts: number;
  done: number;
  total: number | null;
  accesses: number | null;
  to_decide: Partial<Record<Exclusion, number>>;
}

export const REQUEST_COLUMNS = `reference, ods_code, organisation_name, nhs_number, from_day::text, to_day::text, received_on::text, due_on::text, extended, identity_checks,
  withhold_names, withhold_reason, status, version, created_at, preparation, attempts, done, total, accesses, to_decide`;

export const summaryOf = (row: RequestRow): RequestSummary => ({
  reference: row.reference,
  from: row.from_day,
  to: row.to_day,
  receivedOn: row.received_on,
  dueOn: row.due_on,
  extended: row.extended,
  status: row.status,
  progress: { done: row.done, ...(row.total !== null && { of: row.total }) },
  ...(row.accesses !== null && { accesses: row.accesses }),
  withholdNames: row.withhold_names,
  version: row.version,
});

/** @param today Europe/London calendar day */
export function stepsFrom({ status, extended, due_on }: Pick<RequestRow, 'status' | 'extended' | 'due_on'>, today: string): Step[] {
  const steps: Step[] = [];
  if (['preparing', 'awaiting-decision', 'ready', 'failed'].includes(status)) {
    // the person is told of an extension within the first month
    if (!extended && today <= due_on) steps.push('extend');
    steps.push(...DECISIONS);
  }
  if (status === 'ready') steps.push('sent');
  if (['ready', 'sent', 'failed'].includes(status)) steps.push('close');
  if (['sent', 'closed'].includes(status)) steps.push('appeal');
  return steps;
}
