import type { Principal } from '@carespine/access-control';
import { Fault, isNhsNumber, type NhsNumber } from '@carespine/fhir';
import { endOf, instantOf, monthAtMost, type Period } from '../accesses/period';
import { GUARDIAN } from '../alerts/officers';
import { londonDay } from '../london';
import { invalid, pageSizeOf, readParameters } from '../parameters';
import { missing } from '../request-body';

export const REPORT_NAMES = ['patient-access', 'user-access', 'patient-enquiries', 'activity'] as const;
export type ReportName = (typeof REPORT_NAMES)[number];

/** What a report was asked for. */
export interface ReportQuery extends Period {
  patient?: NhsNumber;
  user?: string;
  userName?: string;
  /** Whom the name stood for when an export was asked for. */
  users?: string[];
  /** FHIR AuditEventOutcome. */
  outcome?: number;
  /** v3-ActReason. */
  purpose?: string;
  /** Rows a page. */
  count: number;
  page?: string;
}

const FILTERS: Record<ReportName, readonly string[]> = {
  'patient-access': ['patient', 'user', 'userName', 'outcome', 'purpose'],
  'user-access': ['patient', 'user', 'userName', 'outcome', 'purpose'],
  'patient-enquiries': ['patient', 'user', 'userName'],
  activity: [],
};
const PURPOSES = ['TREAT', 'ETREAT', 'BTG', 'PATRQT', 'HOPERAT', 'HSYSADMIN'];

/**
 * @throws Fault naming the parameter
 * @see audit specification, "The officer's work": a search spans at most one month
 */
export function parseReportQuery(report: ReportName, parameters: Record<string, unknown>, now: Date): ReportQuery {
  const one = readParameters(parameters, [...FILTERS[report], 'from', 'to', ...(report === 'activity' ? [] : ['_count', '_page'])]);
  const patient = one('patient');
  if (patient !== undefined && !isNhsNumber(patient)) throw invalid(patient, 'patient');
  if (report === 'patient-access' && patient === undefined) throw missing('patient');
  const user = one('user');
  if (user !== undefined && !/^\d{1,20}$/.test(user)) throw invalid(user, 'user');
  const userName = one('userName');
  if (userName !== undefined && (user !== undefined || !isName(userName))) throw invalid(userName, 'userName');
  if (report === 'user-access' && user === undefined && userName === undefined) throw missing('user/userName');
  const outcome = one('outcome');
  if (outcome !== undefined && !['0', '4', '8', '12'].includes(outcome)) throw invalid(outcome, 'outcome');
  const purpose = one('purpose');
  if (purpose !== undefined && !PURPOSES.includes(purpose)) throw invalid(purpose, 'purpose');
  const page = one('_page');
  if (page !== undefined && page.length > 1000) throw invalid(page, '_page');
  const read = (name: string, as: (text: string) => Date | undefined): Date | undefined => {
    const text = one(name);
    // enquiries are counted by the day
    const at = text === undefined || (report === 'patient-enquiries' && text.length !== 10) ? undefined : as(text);
    if (text !== undefined && !at) throw invalid(text, name);
    return at;
  };
  const period = monthAtMost(read('from', instantOf), read('to', endOf), now);
  if (period.from >= period.to) throw new Fault('INVALID_SEARCH_DATA', { diagnostics: "Invalid search data provided - 'to is before from'", expression: 'to' });
  return {
    ...period,
    ...(patient !== undefined && { patient }),
    ...(user !== undefined && { user }),
    ...(userName !== undefined && { userName }),
    ...(outcome !== undefined && { outcome: Number(outcome) }),
    ...(purpose !== undefined && { purpose }),
    ...(page !== undefined && { page }),
    count: pageSizeOf(one('_count')),
  };
}

/** At least two letters of a name. */
export const isName = (text: string): boolean => text.length <= 100 && /\p{L}.*\p{L}/u.test(text) && !/\p{C}/u.test(text);

/** As much of the caller as a report depends on. */
export type Officer = Pick<Principal, 'organisation' | 'userId' | 'role' | 'permissions'>;

/** First and last day (Europe/London) of a period. */
export const daysOf = ({ from, to }: Period): [string, string] => [londonDay(from), londonDay(new Date(to.getTime() - 1))];

/** The Caldicott Guardian, who looks at what privacy officers do. */
export const isGuardian = (who: Officer): boolean => who.role?.jobRole === GUARDIAN;

/** @see audit specification, "The officer's work": reports on the officer's own activity go to the guardian */
export function refuseOwnActivity(who: Officer, user: string | undefined): void {
  if (user !== undefined && user === who.userId && !isGuardian(who)) {
    throw new Fault('ACCESS_DENIED', { diagnostics: 'A report on your own activity is for the Caldicott Guardian', expression: 'user' });
  }
}
