import type { AuditEvent } from '../apis/audit-api';
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
  /** The interaction's own name, where it says more. */
  detail: string;
  outcome: 'Done' | 'Refused' | 'Failed';
  outcomeNote: string;
  reason: string;
  nhsNumber: string;
}

const INTERACTIONS: Record<string, string> = {
  read: 'Opened the record',
  vread: 'Opened an earlier version',
  'history-instance': 'Opened the history',
  'search-type': 'Found in a search',
  create: 'Created the record',
  update: 'Changed the record',
  patch: 'Changed the record',
  delete: 'Removed the record',
  transaction: 'Changed several things at once',
  operation: 'Ran an operation',
  disclose: 'Disclosed the record',
  transmit: 'Sent a message',
  '110114': 'Signed in or out',
  '110122': 'Signed in',
  '110123': 'Signed out',
  '110136': 'Changed role',
  '110106': 'Exported data',
  '110107': 'Imported data',
};

const ACTIONS: Record<string, string> = {
  C: 'Created',
  R: 'Opened the record',
  U: 'Changed the record',
  D: 'Removed',
  E: 'Searched or ran',
};

/** @see HL7 v3-ActReason */
const REASONS: Record<string, string> = {
  TREAT: 'Care and treatment',
  ETREAT: 'Emergency treatment',
  BTG: 'Emergency override',
  PATRQT: 'Patient’s request',
  HOPERAT: 'Running the service',
  HSYSADMIN: 'System administration',
};

const OUTCOMES: Record<string, AccessView['outcome']> = { '0': 'Done', '4': 'Refused', '8': 'Failed', '12': 'Failed' };

/** One access, in an officer's words. */
export function describeAccess(event: AuditEvent): AccessView {
  const byId = (system: string) => event.agent?.find(({ who }) => who?.identifier?.system === `https://fhir.nhs.uk/Id/${system}`);
  // the operator of the platform is named as well, as the other end of the wire
  const agent = (system: string) =>
    event.agent?.find(({ who, requestor }) => requestor !== false && who?.identifier?.system === `https://fhir.nhs.uk/Id/${system}`);
  const user = agent('sds-user-id');
  const role = byId('sds-role-profile-id');
  const organisation = agent('ods-organization-code')?.who;
  const application = (byId('product-id') ?? byId('accredited-system'))?.who;
  const roleConcept = user?.role?.[0] ?? role?.role?.[0];
  const codes = [...(event.subtype ?? []).map(({ code }) => code ?? ''), event.type?.code ?? ''];
  const interaction = codes.map((code) => INTERACTIONS[code]).find(Boolean) ?? ACTIONS[event.action ?? ''] ?? 'Used the record';
  const endpoint = event.entity?.find(({ type, role: part }) => type?.code === 'Endpoint' || part?.code === '17')?.name ?? '';
  const purpose = event.purposeOfEvent?.[0]?.coding?.[0];
  const patient = event.entity?.find(({ what }) => what?.identifier?.system === 'https://fhir.nhs.uk/Id/nhs-number')?.what;
  return {
    ...momentInWords(event.recorded),
    who: user?.who?.display ?? user?.name ?? (user ? 'Name not recorded' : (application?.display ?? 'Application')),
    whoId: (user?.who ?? application)?.identifier?.value ?? '',
    role:
      roleConcept?.text ??
      roleConcept?.coding?.[0]?.display ??
      role?.who?.display ??
      roleConcept?.coding?.[0]?.code ??
      (user ? '' : 'No user: system access'),
    organisation: organisation?.display ?? '',
    odsCode: organisation?.identifier?.value ?? '',
    what: interaction,
    detail: endpoint,
    outcome: OUTCOMES[event.outcome ?? '0'] ?? 'Failed',
    outcomeNote: event.outcomeDesc && !event.outcomeDesc.startsWith('HTTP ') ? event.outcomeDesc : '',
    reason: REASONS[purpose?.code ?? ''] ?? purpose?.display ?? 'Not given',
    nhsNumber: patient?.identifier?.value ?? '',
  };
}
