import type { Alert, AlertStep, AlertSummary } from '../apis/alerts-api';
import { momentInWords } from '../pages/words';
import { describeAccess, REASONS } from '../reports/access-view';

interface Tag {
  text: string;
  colour: string;
}

const STATES: Record<string, Tag> = {
  new: { text: 'New', colour: 'blue' },
  'under-investigation': { text: 'Under investigation', colour: 'orange' },
  closed: { text: 'Closed', colour: 'grey' },
};

export const OUTCOMES: Record<string, string> = {
  appropriate: 'Appropriate',
  inappropriate: 'Inappropriate',
  'needs-action-elsewhere': 'Needs action elsewhere',
  duplicate: 'Duplicate',
};

/** Steps of an alert's life, as its history tells them. */
const STEPS: Record<string, string> = {
  raise: 'Raised',
  raised: 'Raised',
  assign: 'Assigned',
  investigate: 'Investigation started',
  note: 'Note added',
  close: 'Closed',
  reopen: 'Opened again',
  escalate: 'Passed to the Caldicott Guardian',
};

export interface AlertRow {
  reference: string;
  href: string;
  title: string;
  raised: string;
  raisedAt: string;
  state: Tag;
  assignee: string;
  escalated: boolean;
}

export const alertHref = (reference: string): string => `/desk/alerts/${encodeURIComponent(reference)}`;

/** @param me user id of the officer who looks */
export function describeSummary(alert: AlertSummary, me: string | undefined): AlertRow {
  const { date, time } = momentInWords(alert.raisedAt);
  return {
    reference: alert.reference,
    href: alertHref(alert.reference),
    title: alert.title,
    raised: date,
    raisedAt: time,
    state: STATES[alert.status] ?? { text: alert.status, colour: 'grey' },
    assignee: alert.assignee ? (alert.assignee.userId === me ? 'You' : alert.assignee.name) : 'Nobody',
    escalated: alert.escalated,
  };
}

export interface TimelineEntry {
  title: string;
  when: string;
  who: string;
  note: string;
}

/** Oldest first. */
export const describeHistory = (history: readonly AlertStep[]): TimelineEntry[] =>
  history.toSorted((a, b) => a.at.localeCompare(b.at)).map(describeStep);

function describeStep({ at, by, step, note, outcome, assignee, duplicateOf }: AlertStep): TimelineEntry {
  const { date, time } = momentInWords(at);
  const said = STEPS[step] ?? sentence(step);
  return {
    title: [said, assignee && `to ${assignee.name}`, outcome && `as ${(OUTCOMES[outcome] ?? sentence(outcome)).toLowerCase()}`, duplicateOf && `of ${duplicateOf}`].filter(Boolean).join(' '),
    when: `${date}, ${time}`,
    who: by === 'platform' ? 'Carespine' : by.name,
    note: note ?? '',
  };
}

/** `close-rest` as `Close rest`. */
const sentence = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ');

/** An alert's facts, in words. Links are the controller's: they depend on the session. */
export function describeAlert(alert: Alert, me: string | undefined) {
  const occurred = momentInWords(alert.occurredAt);
  return {
    ...describeSummary(alert, me),
    reason: alert.reason,
    occurred: `${occurred.date}, ${occurred.time}`,
    organisation: `${alert.organisation.name} (${alert.organisation.odsCode})`,
    user: alert.user && { name: alert.user.name, userId: alert.user.userId, role: alert.user.jobRoleName ?? alert.user.jobRole ?? '' },
    nhsNumber: alert.patient?.nhsNumber,
    note: alert.note ?? '',
    outcome: alert.outcome && [OUTCOMES[alert.outcome] ?? sentence(alert.outcome), alert.duplicateOf && `of ${alert.duplicateOf}`].filter(Boolean).join(' '),
    history: describeHistory(alert.history),
    evidence: alert.evidence.map(({ accessId, recorded, interactionName, outcome, purpose }) => {
      const { date, time } = momentInWords(recorded);
      return {
        date,
        time,
        what: interactionName,
        reason: REASONS[purpose ?? ''] ?? purpose ?? 'Not given',
        outcome: describeAccess({ recorded, outcome }).outcome,
        proof: `/accesses/${accessId}/proof`,
      };
    }),
  };
}
