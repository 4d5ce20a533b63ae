import type { Principal } from '@carespine/access-control';
import { AccessRecordedSchema, create, Interaction, Outcome, timestampFromDate, type AccessRecorded } from '@carespine/contracts';
import type { AuditEvent } from '../accesses/audit-event';
import type { ReadEvent } from './pars-rules';

const INTERACTIONS: Record<string, Interaction> = {
  read: Interaction.READ,
  vread: Interaction.VREAD,
  history: Interaction.READ,
  'history-instance': Interaction.READ,
  search: Interaction.SEARCH_TYPE,
  'search-type': Interaction.SEARCH_TYPE,
  create: Interaction.CREATE,
  update: Interaction.UPDATE,
  patch: Interaction.PATCH,
  delete: Interaction.DELETE,
  transaction: Interaction.TRANSACTION,
  batch: Interaction.TRANSACTION,
  operation: Interaction.OPERATION,
};
const OF_ACTION: Record<string, Interaction> = {
  C: Interaction.CREATE,
  R: Interaction.READ,
  U: Interaction.UPDATE,
  D: Interaction.DELETE,
  E: Interaction.OPERATION,
};
const OUTCOMES: Record<string, Outcome> = {
  0: Outcome.SUCCESS,
  4: Outcome.MINOR_FAILURE,
  8: Outcome.SERIOUS_FAILURE,
  12: Outcome.MAJOR_FAILURE,
};
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
/** The gravest of several purposes is the one that counts. */
const GRAVEST = ['BTG', 'ETREAT'];
const JTI = 'urn:ietf:params:oauth:jti:';

/**
 * The access record that a supplier's event becomes: its columns as of any other, the service being the supplier's product, and the event
 * itself beside them.
 *
 * @param who the feeding caller, whose organisation the event's is
 * @param original the event as it came
 */
export function accessOf(read: ReadEvent, who: Principal, original: string): AccessRecorded {
  const { event, user, role, device, endpoint, data } = read;
  const [jobRole] = (user?.role ?? []).flatMap(({ coding = [] }) => coding);
  const policy = [...(user?.policy ?? []), ...(device?.policy ?? [])].find((one) => one.startsWith(JTI));
  const purposes = (event.purposeOfEvent ?? []).flatMap(({ coding = [] }) => coding).filter(({ system }) => system === ACT_REASON).map(({ code = '' }) => code);
  // a search names what it looks for in its query alone
  const [, searched = ''] = /(?:^|\/)([A-Z][A-Za-z]{0,63})\?/.exec(read.query ?? '') ?? [];
  const [, resourceType = searched, , resourceVersion = ''] = /^([A-Z][A-Za-z]{0,63})\/([^/]+)(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/.exec(data?.what?.reference ?? '') ?? [];
  return create(AccessRecordedSchema, {
    recorded: timestampFromDate(read.recorded),
    service: who.client.productId,
    interaction: interactionOf(event),
    interactionName: endpoint?.name ?? event.subtype?.[0]?.display ?? event.subtype?.[0]?.code ?? event.type.code ?? '',
    outcome: OUTCOMES[event.outcome ?? '0'] ?? Outcome.MAJOR_FAILURE,
    outcomeDescription: event.outcomeDesc ?? '',
    resourceType,
    resourceVersion,
    nhsNumber: read.nhsNumber,
    query: (read.query ?? '').slice(0, 2048),
    purpose: GRAVEST.find((purpose) => purposes.includes(purpose)) ?? purposes[0] ?? '',
    relationship: read.consent?.relationship ?? '',
    permissionToView: read.consent?.permissionToView ?? '',
    note: read.consent?.note ?? '',
    alertType: read.alertType,
    alertReason: read.alertReason,
    requestId: read.transaction,
    submittedOrganisation: read.submittedOrganisation ?? '',
    clientAddress: device?.network?.address ?? user?.network?.address ?? '',
    agent: {
      userId: user?.who?.identifier?.value ?? '',
      userName: user?.who?.display ?? '',
      roleProfileId: role?.who?.identifier?.value ?? '',
      jobRole: jobRole?.code ?? '',
      jobRoleName: jobRole?.display ?? role?.who?.display ?? '',
      odsCode: who.organisation.odsCode,
      organisationName: read.requestors[0]?.name || who.organisation.name,
      clientId: who.client.id,
      clientName: who.client.name,
      productId: who.client.productId,
      accessMode: who.mode,
      tokenId: policy?.slice(JTI.length) ?? '',
    },
    original: Buffer.from(original),
  });
}

/**
 * The event as it was fed, under the id that it has here, and saying whose product fed it.
 *
 * @param leaf what the platform adds: its place in the log, once it has one
 */
export function originalOf(id: string, { original, agent }: AccessRecorded, leaf?: AuditEvent['extension'][number]): AuditEvent {
  const event = JSON.parse(Buffer.from(original).toString()) as AuditEvent & { meta?: object };
  return {
    ...event,
    id,
    meta: { ...event.meta, source: `https://fhir.nhs.uk/Id/product-id|${agent?.productId}` },
    ...(leaf && { extension: [...(event.extension ?? []), leaf] }),
  } as AuditEvent;
}

function interactionOf({ type, subtype = [], action = '' }: ReadEvent['event']): Interaction {
  if (type.code === '110106') return Interaction.EXPORT;
  if (type.code === '110107') return Interaction.IMPORT;
  const code = subtype.find(({ system }) => system === 'http://hl7.org/fhir/restful-interaction')?.code;
  return INTERACTIONS[code ?? ''] ?? OF_ACTION[action] ?? Interaction.OPERATION;
}
