import type { Rule } from './rules';

export const STATUSES = ['new', 'under-investigation', 'closed'] as const;
export type Status = (typeof STATUSES)[number];
export const OUTCOMES = ['appropriate', 'inappropriate', 'needs-action-elsewhere', 'duplicate'] as const;
export type AlertOutcome = (typeof OUTCOMES)[number];

export interface Named {
  userId: string;
  name: string;
}

/** What a list shows: no patient and no user. @see audit specification, "National": the notice holds only a reference */
export interface AlertSummary {
  reference: string;
  rule: Rule;
  title: string;
  reason: string;
  occurredAt: string;
  raisedAt: string;
  status: Status;
  assignee?: Named;
  escalated: boolean;
  version: number;
}

export interface HistoryEntry {
  at: string;
  by: Named | 'platform';
  step: string;
  note?: string;
  outcome?: AlertOutcome;
  assignee?: Named;
  duplicateOf?: string;
}

export interface Alert extends AlertSummary {
  patient?: { nhsNumber: string };
  user?: Named & { jobRole: string; jobRoleName: string; roleProfileId: string };
  organisation: { odsCode: string; name: string };
  note?: string;
  outcome?: AlertOutcome;
  duplicateOf?: string;
  /** The newest {@link MOST_EVIDENCE}, newest first. */
  evidence: { accessId: string; recorded: string; interactionName: string; service: string; outcome: string; purpose?: string }[];
  history: HistoryEntry[];
  /** Those that the caller may take now. */
  steps: Step[];
  assignable: (Named & { jobRole: string })[];
}

export const MOST_EVIDENCE = 100;

export const STEPS = ['assign', 'investigate', 'note', 'close', 'reopen', 'escalate'] as const;
export type Step = (typeof STEPS)[number];

/** A row of `alerts`, with its assignee's name. */
export interface AlertRow {
  reference: string;
  ods_code: string;
  organisation_name: string;
  rule: Rule;
  reason: string;
  nhs_number: string;
  user_id: string;
  user_name: string;
  job_role: string;
  job_role_name: string;
  role_profile_id: string;
  note: string;
  occurred_at: Date;
  raised_at: Date;
  status: Status;
  assignee: string | null;
  assignee_name: string | null;
  outcome: AlertOutcome | null;
  duplicate_of: string | null;
  escalated: boolean;
  for_guardian: boolean;
  version: number;
}
