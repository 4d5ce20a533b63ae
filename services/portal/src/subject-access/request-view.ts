import type { SubjectAccess, SubjectAccessStatus, SubjectAccessSummary } from '../apis/subject-access-api';
import { dateInWords, momentInWords, plural } from '../pages/words';

const STATES: Record<SubjectAccessStatus, { text: string; colour: string }> = {
  preparing: { text: 'Being prepared', colour: 'blue' },
  'awaiting-decision': { text: 'With the guardian', colour: 'yellow' },
  ready: { text: 'Ready to send', colour: 'green' },
  sent: { text: 'Sent', colour: 'grey' },
  closed: { text: 'Closed', colour: 'grey' },
  failed: { text: 'Failed', colour: 'red' },
};

const STEPS: Record<string, string> = {
  open: 'Request opened',
  opened: 'Request opened',
  created: 'Request opened',
  ready: 'Answer prepared',
  prepared: 'Answer prepared',
  extend: 'Time extended by two months',
  held: 'Waits for the Caldicott Guardian',
  exclude: 'Decided: a part is left out',
  include: 'Decided: a part is shown',
  sent: 'Sent to the person',
  close: 'Closed',
  appeal: 'The person appealed',
  failed: 'Could not be prepared',
};

/** What the Caldicott Guardian decides on. @see audit specification, "Subject access request" */
export const EXCLUSIONS: Record<string, string> = {
  'third-parties': 'What staff wrote, which may be about other people',
  'open-investigations': 'Alerts that are still looked into',
  safeguarding: 'Child protection and FGM information',
  other: 'Single accesses',
};

/** Kinds of documents, as the API names them, and what each proves. */
export const IDENTITY_DOCUMENTS: readonly { value: string; text: string; proves?: 'photograph' | 'address' }[] = [
  { value: 'passport', text: 'Passport', proves: 'photograph' },
  { value: 'driving-licence', text: 'Driving licence with a photograph', proves: 'photograph' },
  { value: 'national-identity-card', text: 'National identity card', proves: 'photograph' },
  { value: 'utility-bill', text: 'Utility bill', proves: 'address' },
  { value: 'bank-statement', text: 'Bank statement', proves: 'address' },
  { value: 'council-tax-bill', text: 'Council tax bill', proves: 'address' },
  { value: 'birth-certificate', text: 'Birth certificate' },
  { value: 'power-of-attorney', text: 'Power of attorney, or proof of parental responsibility' },
];

export const requestHref = (reference: string): string => `/subject-access/${encodeURIComponent(reference)}`;

const isOver = (status: string): boolean => status === 'sent' || status === 'closed';

/** @param today `yyyy-mm-dd` */
export function describeRequest(request: SubjectAccessSummary, today: string) {
  const days = Math.round((Date.parse(request.dueOn) - Date.parse(today)) / 86_400_000);
  return {
    reference: request.reference,
    href: requestHref(request.reference),
    dueOn: request.dueOn,
    due: dateInWords(request.dueOn),
    received: dateInWords(request.receivedOn),
    period: `${dateInWords(request.from)} to ${dateInWords(request.to)}`,
    extended: request.extended,
    state: STATES[request.status] ?? { text: request.status, colour: 'grey' },
    late: !isOver(request.status) && days < 0,
    left: isOver(request.status) ? '' : days < 0 ? `${plural(-days, 'day')} late` : days === 0 ? 'today' : `in ${plural(days, 'day')}`,
  };
}

export function describeWhole(request: SubjectAccess, today: string) {
  const { done, of } = request.progress;
  return {
    ...describeRequest(request, today),
    status: request.status,
    read: done,
    of,
    percent: of ? Math.min(Math.floor((done / of) * 100), 100) : undefined,
    accesses: request.accesses,
    identityChecks: request.identityChecks.map((kind) => IDENTITY_DOCUMENTS.find(({ value }) => value === kind)?.text ?? kind),
    withholdNames: request.withholdNames,
    withholdReason: request.withholdReason ?? '',
    toDecide: request.toDecide.map(({ what, found }) => `${EXCLUSIONS[what] ?? what}: ${found}`),
    decisions: request.decisions.map(({ decision, what, reason, accesses, decidedBy }) => ({
      title: decision === 'exclude' ? 'Left out' : 'Shown',
      what: `${EXCLUSIONS[what] ?? what}${accesses > 0 ? `, ${plural(accesses, 'access', 'accesses')}` : ''}`,
      reason,
      decidedBy: decidedBy.name,
    })),
    history: request.history
      .toSorted((a, b) => a.at.localeCompare(b.at))
      .map(({ at, by, step, note }) => {
        const { date, time } = momentInWords(at);
        return { title: STEPS[step] ?? step, when: `${date}, ${time}`, who: by === 'platform' ? 'Carespine' : by.name, note: note ?? '' };
      }),
  };
}
