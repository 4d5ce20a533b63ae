/** What may be left out of an answer. @see audit specification, "Subject access request" */
export const EXCLUSIONS = ['third-parties', 'open-investigations', 'safeguarding', 'other'] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

export const STATUSES = ['preparing', 'ready', 'sent', 'closed', 'failed'] as const;
export type Status = (typeof STATUSES)[number];

export const FORMATS = ['html', 'pdf', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export const STEPS = ['extend', 'exclude', 'sent', 'close'] as const;
export type Step = (typeof STEPS)[number];

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
  identityChecks: string[];
  withholdReason?: string;
  exclusions: { what: Exclusion; reason: string; accesses: number; decidedBy: { userId: string; name: string }; decidedAt: string }[];
  history: { at: string; by: { userId: string; name: string } | 'platform'; step: string; note?: string }[];
  /** Those that the request's state allows; to leave something out is for the guardian alone. */
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
  identity_checks: string[];
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
}

export const REQUEST_COLUMNS = `reference, ods_code, organisation_name, nhs_number, from_day::text, to_day::text, received_on::text, due_on::text, extended, identity_checks,
  withhold_names, withhold_reason, status, version, created_at, preparation, attempts, done, total, accesses`;

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
  if (['preparing', 'ready', 'failed'].includes(status)) {
    // the person is told of an extension within the first month
    if (!extended && today <= due_on) steps.push('extend');
    steps.push('exclude');
  }
  if (status === 'ready') steps.push('sent');
  if (['ready', 'sent', 'failed'].includes(status)) steps.push('close');
  return steps;
}
