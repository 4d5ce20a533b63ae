import { Interaction, Outcome, timestampMs, type AccessRecorded, type Agent } from '@carespine/contracts';
import type { Coding, Identifier, Reference } from '@carespine/fhir';
import { originalOf } from '../feed/fed-access';
import { OUTCOME_CODES } from './access-store';

/** FHIR R4 AuditEvent in the shape of PARS and of IHE BALP. */
export interface AuditEvent {
  resourceType: 'AuditEvent';
  id: string;
  extension: { url: string; extension: ({ url: 'index'; valueDecimal: number } | { url: 'status'; valueCode: LeafStatus })[] }[];
  type: Coding;
  subtype: Coding[];
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  recorded: string;
  outcome: string;
  outcomeDesc?: string;
  purposeOfEvent?: { coding: Coding[] }[];
  agent: AuditAgent[];
  source: { site: string; observer: Reference; type: Coding[] };
  entity: AuditEntity[];
}

/** `committed`: durable, in its place in the log; `provable`: a signed checkpoint covers it. */
type LeafStatus = 'committed' | 'provable';

const LOG_LEAF = 'https://carespine.org/fhir/StructureDefinition/audit-log-leaf';

interface AuditAgent {
  type?: { coding: Coding[] };
  role?: { coding: Coding[] }[];
  who: Reference;
  requestor: boolean;
  policy?: string[];
  network?: { address: string; type: string };
}

interface AuditEntity {
  what?: Reference;
  type: Coding;
  role?: Coding;
  name?: string;
  description?: string;
  query?: string;
  detail?: { type: string; valueString: string }[];
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const RESTFUL = 'http://hl7.org/fhir/restful-interaction';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const AUTHENTICATION = { type: { system: DCM, code: '110114', display: 'User Authentication' }, action: 'E' as const };
const REST = { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest', display: 'Restful Operation' };

/** Data flow to the client: then the server is the source (BALP). */
interface Kind {
  type: Coding;
  subtype: Coding;
  action: AuditEvent['action'];
  toClient?: true | undefined;
}

const rest = (code: string, action: AuditEvent['action'], toClient?: true): Kind => ({
  type: REST,
  subtype: { system: RESTFUL, code, display: code },
  action,
  ...(toClient && { toClient }),
});
const identity = (code: string, display: string): Kind => ({ ...AUTHENTICATION, subtype: { system: DCM, code, display } });

const LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle';
const OPERATION: Coding = { system: RESTFUL, code: 'operation', display: 'operation' };
const ALERT_TYPE = 'https://fhir.nhs.uk/CodeSystem/SCR-AlertType';
const ALERT_REASON = 'https://fhir.nhs.uk/CodeSystem/SCR-AlertReason';
/** Acts that hand a document out, by service and name. */
const DISCLOSURES = ['record-locator Retrieve document', 'audit Fetch the answer to a subject access request'];

const dicom = (code: string, display: string, action: AuditEvent['action']): Kind => ({
  type: { system: DCM, code, display },
  subtype: OPERATION,
  action,
  toClient: action === 'R' ? true : undefined,
});

/** What kind of act each interaction is. */
export const KINDS: Record<Interaction, Kind> = {
  [Interaction.UNSPECIFIED]: rest('operation', 'E'),
  [Interaction.READ]: rest('read', 'R', true),
  [Interaction.VREAD]: rest('vread', 'R', true),
  [Interaction.SEARCH_TYPE]: rest('search-type', 'E'),
  [Interaction.CREATE]: rest('create', 'C'),
  [Interaction.UPDATE]: rest('update', 'U'),
  [Interaction.PATCH]: rest('patch', 'U'),
  [Interaction.DELETE]: rest('delete', 'D'),
  [Interaction.TRANSACTION]: rest('transaction', 'E'),
  [Interaction.OPERATION]: rest('operation', 'E'),
  [Interaction.SIGN_IN]: identity('110122', 'Login'),
  [Interaction.SIGN_OUT]: identity('110123', 'Logout'),
  [Interaction.ROLE_CHANGE]: identity('110136', 'Security Roles Changed'),
  [Interaction.STEP_UP]: identity('110122', 'Login'),
  [Interaction.TOKEN]: identity('110122', 'Login'),
  [Interaction.EXPORT]: dicom('110106', 'Export', 'R'),
  [Interaction.IMPORT]: dicom('110107', 'Import', 'C'),
  [Interaction.PRINT]: { ...dicom('110106', 'Export', 'R'), subtype: { system: LIFECYCLE, code: 'report', display: 'Report (Output) Record Lifecycle Event' } },
};

/**
 * @param provable size of the tree that is signed
 * @param operator the organisation that runs the platform
 * @param alert address of the alert that an emergency access led to
 * @see audit specification, "AuditEvent shape"; PARS StructureDefinition England-AuditEvent-PARS; IHE ITI BALP.
 *   What a supplier fed is answered as it was fed. The device is typed `Device`, as in all published PARS examples and as R4 allows (the PARS profile's own `Endpoint` is no target of `agent.who`).
 */
export function auditEventOf(
  { id, record, leafIndex }: { id: string; record: AccessRecorded; leafIndex: number },
  provable: number,
  operator: { odsCode: string; name: string },
  alert?: string,
): AuditEvent {
  const leaf: AuditEvent['extension'][number] = {
    url: LOG_LEAF,
    extension: [
      { url: 'index', valueDecimal: leafIndex },
      { url: 'status', valueCode: leafIndex < provable ? 'provable' : 'committed' },
    ],
  };
  if (record.original.length > 0) return originalOf(id, record, leaf);
  const { toClient, subtype, ...kind } = KINDS[record.interaction];
  const { agent } = record;
  return {
    resourceType: 'AuditEvent',
    id,
    extension: [leaf],
    type: kind.type,
    subtype: [subtype, ...furtherSubtypes(record)],
    action: kind.action,
    recorded: new Date(record.recorded ? timestampMs(record.recorded) : 0).toISOString(),
    outcome: String(OUTCOME_CODES[record.outcome]),
    ...(record.outcomeDescription && { outcomeDesc: record.outcomeDescription }),
    ...(record.purpose && { purposeOfEvent: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: record.purpose }] }] }),
    agent: [
      ...(agent ? agentsOf(agent, alert) : []),
      client(record, toClient ? DESTINATION : SOURCE, alert),
      {
        type: { coding: [toClient ? SOURCE : DESTINATION] },
        who: organisation(operator.odsCode, operator.name),
        requestor: false,
      },
    ],
    source: {
      site: record.service,
      observer: { identifier: productId(`carespine-${record.service}`), display: `Carespine ${record.service}` },
      type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '4', display: 'Application Server' }],
    },
    entity: entitiesOf(record),
  };
}

const SOURCE: Coding = { system: DCM, code: '110153', display: 'Source Role ID' };
const DESTINATION: Coding = { system: DCM, code: '110152', display: 'Destination Role ID' };

function furtherSubtypes({ service, interactionName, outcome, alertType, alertReason }: AccessRecorded): Coding[] {
  const isDisclosure = outcome === Outcome.SUCCESS && DISCLOSURES.includes(`${service} ${interactionName}`);
  return [
    ...(isDisclosure ? [{ system: LIFECYCLE, code: 'disclose', display: 'Disclose Record Lifecycle Event' }] : []),
    ...(alertType ? [{ system: ALERT_TYPE, code: String(alertType) }] : []),
    ...(alertReason ? [{ system: ALERT_REASON, code: String(alertReason) }] : []),
  ];
}

/** What allowed the act: the token, and of an emergency the alert that it led to. */
const policyOf = (tokenId: string, alert: string | undefined): { policy?: string[] } => {
  const policy = [...(tokenId ? [`urn:ietf:params:oauth:jti:${tokenId}`] : []), ...(alert ? [alert] : [])];
  return policy.length > 0 ? { policy } : {};
};

function agentsOf(agent: Agent, alert: string | undefined): AuditAgent[] {
  const agents: AuditAgent[] = [];
  if (agent.odsCode) agents.push({ who: organisation(agent.odsCode, agent.organisationName), requestor: true });
  if (agent.userId) {
    agents.push({
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP', display: 'information recipient' }] },
      ...(agent.jobRole && { role: [{ coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName', code: agent.jobRole, display: agent.jobRoleName }] }] }),
      who: { type: 'Practitioner', identifier: { system: 'https://fhir.nhs.uk/Id/sds-user-id', value: agent.userId }, display: agent.userName },
      requestor: true,
      ...policyOf(agent.tokenId, alert),
    });
  }
  if (agent.roleProfileId) {
    agents.push({
      who: {
        type: 'PractitionerRole',
        identifier: { system: 'https://fhir.nhs.uk/Id/sds-role-profile-id', value: agent.roleProfileId },
        ...(agent.jobRoleName && { display: agent.jobRoleName }),
      },
      requestor: false,
    });
  }
  return agents;
}

function client({ agent, clientAddress }: AccessRecorded, direction: Coding, alert: string | undefined): AuditAgent {
  return {
    type: { coding: [direction] },
    who: { type: 'Device', identifier: productId(agent?.productId || 'unknown'), ...(agent?.clientName && { display: agent.clientName }) },
    requestor: false,
    ...(!agent?.userId && policyOf(agent?.tokenId ?? '', alert)),
    ...(clientAddress && { network: { address: clientAddress, type: '2' } }),
  };
}

function entitiesOf(record: AccessRecorded): AuditEntity[] {
  const entities: AuditEntity[] = [];
  if (record.nhsNumber) {
    entities.push({
      what: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: record.nhsNumber } },
      type: { system: ENTITY_TYPE, code: '1', display: 'Person' },
      role: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
    });
  }
  entities.push({
    what: { identifier: { system: 'https://fhir.nhs.uk/Id/transaction', value: record.requestId } },
    type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
  });
  // a patient is named by the NHS number; of whatever else that is not the id
  const resourceId = record.resourceId || (record.resourceType === 'Patient' && record.interaction !== Interaction.SEARCH_TYPE ? record.nhsNumber : '');
  if (record.resourceType && resourceId) {
    const version = record.resourceVersion ? `/_history/${record.resourceVersion}` : '';
    entities.push({
      what: { reference: `${record.resourceType}/${resourceId}${version}` },
      type: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
      role: { system: OBJECT_ROLE, ...roleOf(record) },
    });
  }
  if (record.query || record.request) {
    entities.push({
      type: { system: ENTITY_TYPE, code: '2', display: 'System Object' },
      role: { system: OBJECT_ROLE, code: '24', display: 'Query' },
      query: Buffer.from(rawRequestOf(record)).toString('base64'),
      ...(record.query && { description: readable(record.query) }),
    });
  }
  entities.push({
    what: { identifier: productId(`carespine-${record.service}`) },
    type: { system: 'http://hl7.org/fhir/resource-types', code: 'Endpoint' },
    role: { system: OBJECT_ROLE, code: '17', display: 'Data Repository' },
    name: record.interactionName,
    detail: [
      { type: 'productIdentifier', valueString: record.service },
      { type: 'interactionIdentifier', valueString: record.interactionName },
    ],
  });
  const restingOn = (['relationship', 'permissionToView', 'note'] as const).filter((name) => record[name]);
  if (restingOn.length > 0) {
    entities.push({
      what: { type: 'Consent', display: 'What the access rests on' },
      type: { system: 'http://hl7.org/fhir/resource-types', code: 'Consent', display: 'Consent' },
      detail: restingOn.map((type) => ({ type, valueString: record[type] })),
    });
  }
  if (record.submittedOrganisation) {
    entities.push({
      what: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: record.submittedOrganisation } },
      type: { system: ENTITY_TYPE, code: '3', display: 'Organization' },
    });
  }
  return entities;
}

/** A file is a report; work in the background, which a Task stands for, is a job. */
function roleOf({ interaction, resourceType }: AccessRecorded): Coding {
  if (interaction === Interaction.EXPORT || interaction === Interaction.PRINT) return { code: '3', display: 'Report' };
  return resourceType === 'Task' ? { code: '20', display: 'Job' } : { code: '4', display: 'Domain Resource' };
}

/** A search as it was asked: by its address, or with a form below it. */
function rawRequestOf({ request, query }: AccessRecorded): string {
  if (!request || !query) return request || query;
  return `${request}${request.startsWith('POST ') ? '\n\n' : '?'}${query}`;
}

/** A query as a person reads it. */
function readable(query: string): string {
  return [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).join(' ');
}

function organisation(odsCode: string, name: string): Reference {
  return { type: 'Organization', identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: odsCode }, ...(name && { display: name }) };
}

const productId = (value: string): Identifier => ({ system: 'https://fhir.nhs.uk/Id/product-id', value });
