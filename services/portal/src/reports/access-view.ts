import type { AccessRow } from '../apis/reports-api';
import { momentInWords } from '../pages/words';

export interface AccessView {
  date: string;
  time: string;
  who: string;
  /** User id, or the product of an application. */
  whoId: string;
  role: string;
  organisation: string;
  odsCode: string;
  what: string;
  /** What else is worth saying of it. */
  detail: string;
  outcome: 'Done' | 'Refused' | 'Failed';
  outcomeNote: string;
  reason: string;
  nhsNumber: string;
  /** Pages that prove its records: one each. */
  proofs: string[];
}

/** What was done, by interaction and, where it matters, by the type of what it was done to. */
const INTERACTIONS: Record<string, string> = {
  read: 'Opened the record',
  'read RelatedPerson': 'Opened related people',
  vread: 'Opened an earlier version',
  'history-instance': 'Opened the history',
  'search-type': 'Found in a search',
  create: 'Created the record',
  update: 'Changed the record',
  patch: 'Changed the record',
  delete: 'Removed the record',
  transaction: 'Changed several things at once',
  'sign-in': 'Signed in',
  'sign-out': 'Signed out',
  'role-change': 'Changed role',
  'step-up': 'Signed in more strongly',
  token: 'Got a token',
  export: 'Exported data',
  import: 'Imported data',
  print: 'Printed',
};

const REPORT = /report|access records/i;

/** '' where the interaction's own name says best what was done, as with all that the privacy desk does. */
function actOf(interaction: string, resource: string, name: string): string {
  if (resource === 'AuditEvent') return interaction === 'search-type' && REPORT.test(name) ? 'Ran an access report' : '';
  return INTERACTIONS[`${interaction} ${resource}`] ?? INTERACTIONS[interaction] ?? '';
}

/** @see HL7 v3-ActReason */
export const REASONS: Record<string, string> = {
  TREAT: 'Care and treatment',
  ETREAT: 'Emergency treatment',
  BTG: 'Emergency override',
  PATRQT: 'Patient’s request',
  HOPERAT: 'Running the service',
  HSYSADMIN: 'System administration',
};

/** FHIR AuditEventOutcome, as filters offer it. */
export const OUTCOME_NAMES: Record<string, string> = { '0': 'Done', '4': 'Refused', '8': 'Failed', '12': 'Failed badly' };

const OUTCOMES: Record<string, AccessView['outcome']> = { '0': 'Done', '4': 'Refused', '8': 'Failed', '12': 'Failed' };

/** One access, in an officer's words. */
export function describeAccess(row: Pick<AccessRow, 'recorded' | 'outcome'> & Partial<AccessRow>): AccessView {
  const { user, client, organisation, purpose, outcomeDescription } = row;
  const interaction = (row.interaction ?? '').toLowerCase().replaceAll('_', '-');
  const name = row.interactionName ?? '';
  const act = actOf(interaction, row.resource ?? '', name);
  return {
    ...momentInWords(row.recorded),
    who: user ? user.name || 'Name not recorded' : client?.name || 'Application',
    whoId: user?.userId ?? client?.productId ?? '',
    role: user ? (user.jobRoleName ?? '') : 'No user: system access',
    organisation: organisation?.name ?? '',
    odsCode: organisation?.odsCode ?? '',
    what: act || name || 'Used the record',
    detail: act && row.resource ? name : '',
    outcome: OUTCOMES[row.outcome] ?? 'Failed',
    outcomeNote: outcomeDescription && !outcomeDescription.startsWith('HTTP ') ? outcomeDescription : '',
    reason: REASONS[purpose ?? ''] ?? (purpose || 'Not given'),
    nhsNumber: row.nhsNumber ?? '',
    proofs: row.id ? [`/accesses/${row.id}/proof`] : [],
  };
}

/** A record and the people around it are two calls of one page: so near in time, by the same user, they are one act. */
const ONE_ACT_MS = 2_000;

/** Accesses in the order of a report, newest first; opening a record together with its related people is one of them. */
export function describeAccesses(rows: readonly AccessRow[]): AccessView[] {
  const views: AccessView[] = [];
  rows.forEach((row, index) => {
    const view = describeAccess(row);
    const later = rows[index - 1];
    const shown = views.at(-1);
    if (later && shown && isRecordOf(row, later)) views[views.length - 1] = { ...view, detail: 'With related people', proofs: [...view.proofs, ...shown.proofs] };
    else views.push(view);
  });
  return views;
}

/** Whether a read of a patient belongs to the read of related people that follows it. */
function isRecordOf(row: AccessRow, later: AccessRow): boolean {
  const read = (one: AccessRow) => one.interaction.toLowerCase() === 'read' && one.outcome === '0';
  return (
    read(row) &&
    read(later) &&
    row.resource === 'Patient' &&
    later.resource === 'RelatedPerson' &&
    row.nhsNumber === later.nhsNumber &&
    row.user?.userId === later.user?.userId &&
    row.client.productId === later.client.productId &&
    Date.parse(later.recorded) - Date.parse(row.recorded) <= ONE_ACT_MS
  );
}
