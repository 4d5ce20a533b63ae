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
  /** FHIR type. */
  resourceType: string;
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
  /** Told by a supplier's system, whose word for the user's role nobody has checked. */
  isFed: boolean;
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
    resourceType: record.resourceType,
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
    isFed: record.original.length > 0,
  };
}

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
export type ActKind = Pick<Act, 'service' | 'interaction' | 'outcome' | 'outcomeDescription' | 'resourceType' | 'nhsNumber' | 'userId' | 'isFed'>;

/**
 * Acts of care. The audit service's own are left out: a privacy officer's work opens the records of exactly those patients whom
 * alerts are about, and would raise one alert for another. Officers are watched by the guardian instead, and their exports still count.
 */
const isOfCare = ({ service, outcome }: ActKind): boolean => outcome === 0 && service !== 'audit';

/**
 * A user opened, changed or took out one patient's record. A list of search hits is none; but the national summary is asked for by a search
 * whose hit it is.
 *
 * @see summary care record specification, `GET /Bundle`
 */
export const isView = (act: ActKind): boolean =>
  isOfCare(act) && act.userId !== '' && act.nhsNumber !== '' && (OF_A_RECORD.includes(act.interaction) || (isSearchKind(act) && act.resourceType === 'Bundle'));

/** Found or opened: what a search shows of one's own family is enough. */
export const isViewOrHit = (act: ActKind): boolean => isView(act) || (isOfCare(act) && act.userId !== '' && act.nhsNumber !== '' && isSearchKind(act));

/** A user looked for a patient; a search within a patient's record is none. */
export const isTrace = (act: ActKind): boolean => isOfCare(act) && act.userId !== '' && isSearchKind(act) && act.resourceType === 'Patient';

/**
 * Refused because the permission was missing; what was malformed or not found is no such refusal. A supplier's system says by the outcome
 * alone that it refused.
 *
 * @see audit specification, "AuditEvent shape": outcome 4, minor failure (refused)
 */
export const isRefusal = ({ outcome, outcomeDescription, userId, isFed }: ActKind): boolean => outcome === 4 && userId !== '' && (isFed || /^HTTP 403\b/.test(outcomeDescription));

const isSearchKind = ({ interaction }: ActKind): boolean => interaction === Interaction.SEARCH_TYPE;
