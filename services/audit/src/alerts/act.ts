import { Interaction, timestampMs, type AccessRecorded } from '@carespine/contracts';
import { OUTCOME_CODES } from '../accesses/access-store';

/** An access record, as the rules read it. Texts are empty where there is nothing. */
export interface Act {
  eventId: string;
  recorded: Date;
  service: string;
  interaction: Interaction;
  interactionName: string;
  /** FHIR AuditEventOutcome. */
  outcome: 0 | 4 | 8 | 12;
  outcomeDescription: string;
  nhsNumber: string;
  purpose: string;
  requestId: string;
  clientAddress: string;
  sameHousehold: boolean;
  relationship: string;
  permissionToView: string;
  note: string;
  alertType: number;
  alertReason: number;
  userId: string;
  userName: string;
  jobRole: string;
  jobRoleName: string;
  roleProfileId: string;
  odsCode: string;
  organisationName: string;
  clientId: string;
}

export function actOf(eventId: string, record: AccessRecorded): Act {
  const { agent } = record;
  return {
    eventId,
    recorded: new Date(record.recorded ? timestampMs(record.recorded) : 0),
    service: record.service,
    interaction: record.interaction,
    interactionName: record.interactionName,
    outcome: OUTCOME_CODES[record.outcome],
    outcomeDescription: record.outcomeDescription,
    nhsNumber: record.nhsNumber,
    purpose: record.purpose,
    requestId: record.requestId,
    clientAddress: record.clientAddress,
    sameHousehold: record.sameHousehold,
    relationship: record.relationship,
    permissionToView: record.permissionToView,
    note: record.note,
    alertType: record.alertType,
    alertReason: record.alertReason,
    userId: agent?.userId ?? '',
    userName: agent?.userName ?? '',
    jobRole: agent?.jobRole ?? '',
    jobRoleName: agent?.jobRoleName ?? '',
    roleProfileId: agent?.roleProfileId ?? '',
    odsCode: agent?.odsCode ?? '',
    organisationName: agent?.organisationName ?? '',
    clientId: agent?.clientId ?? '',
  };
}

const SEARCHES: readonly Interaction[] = [Interaction.SEARCH_TYPE];
const OF_A_RECORD: readonly Interaction[] = [
  Interaction.READ,
  Interaction.VREAD,
  Interaction.CREATE,
  Interaction.UPDATE,
  Interaction.PATCH,
  Interaction.DELETE,
  Interaction.TRANSACTION,
  Interaction.OPERATION,
  Interaction.EXPORT,
  Interaction.PRINT,
];

/** What the rules ask of an act; a row read for a window is enough of one. */
export type ActKind = Pick<Act, 'service' | 'interaction' | 'outcome' | 'outcomeDescription' | 'nhsNumber' | 'userId'>;

/**
 * Acts of care. The audit service's own are left out: a privacy officer's work opens the records of exactly those patients whom
 * alerts are about, and would raise one alert for another. Officers are watched by the guardian instead, and their exports still count.
 */
const isOfCare = ({ service, outcome }: ActKind): boolean => outcome === 0 && service !== 'audit';

/** A user opened, changed or took out one patient's record. A list of search hits is none. */
export const isView = (act: ActKind): boolean => isOfCare(act) && act.userId !== '' && act.nhsNumber !== '' && OF_A_RECORD.includes(act.interaction);

/** Found or opened: what a search shows of one's own family is enough. */
export const isViewOrHit = (act: ActKind): boolean => isView(act) || (isOfCare(act) && act.userId !== '' && act.nhsNumber !== '' && isSearchKind(act));

export const isSearch = (act: ActKind): boolean => isOfCare(act) && act.userId !== '' && isSearchKind(act);

/** Refused because the permission was missing; what was malformed or not found is no such refusal. */
export const isRefusal = ({ outcome, outcomeDescription, userId }: ActKind): boolean => outcome === 4 && userId !== '' && outcomeDescription === 'HTTP 403';

const isSearchKind = ({ interaction }: ActKind): boolean => SEARCHES.includes(interaction);
