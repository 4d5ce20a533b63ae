import type { CodeableConcept, Coding, Identifier, Reference } from '@carespine/fhir';
import { isCalendarDate, isNhsNumber, type NhsNumber } from '@carespine/fhir';
import { badElement, checkStructure, missingElement } from './r4-structure';

/** An AuditEvent by FHIR R4; what PARS and BALP demand beyond that is checked by {@link readAuditEvent}. */
export interface FedEvent {
  resourceType: 'AuditEvent';
  id?: string;
  type: Coding;
  subtype?: Coding[];
  action?: string;
  recorded: string;
  outcome?: string;
  outcomeDesc?: string;
  purposeOfEvent?: CodeableConcept[];
  agent: FedAgent[];
  source: { site?: string; observer: Reference; type?: Coding[] };
  entity?: FedEntity[];
}

export interface FedAgent {
  role?: CodeableConcept[];
  who?: Reference;
  requestor: boolean;
  policy?: string[];
  network?: { address?: string; type?: string };
}

export interface FedEntity {
  what?: Reference;
  type?: Coding;
  role?: Coding;
  name?: string;
  query?: string;
  detail?: { type: string; valueString?: string; valueBase64Binary?: string }[];
}

/** What is read off an event, for its access record. */
export interface ReadEvent {
  event: FedEvent;
  recorded: Date;
  /** Organisations that ask: the caller's, or the event is not the caller's to feed. */
  requestors: { odsCode: string; name: string; path: string }[];
  user?: FedAgent & { path: string };
  role?: FedAgent;
  device?: FedAgent;
  nhsNumber: NhsNumber;
  transaction: string;
  submittedOrganisation?: string;
  endpoint?: FedEntity;
  data?: FedEntity;
  /** As the query came, decoded. */
  query?: string;
  consent?: Consent;
  /** SCR-AlertType and SCR-AlertReason, 0 where the event is no privacy alert. */
  alertType: number;
  alertReason: number;
}

/** What the access rests on, as the consent entity's details say it. */
interface Consent {
  relationship?: string;
  permissionToView?: string;
  note?: string;
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const EVENT_TYPES = [
  'http://terminology.hl7.org/CodeSystem/audit-event-type#rest',
  'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle#transmit',
  `${DCM}#110106`,
  `${DCM}#110107`,
];
const RESTFUL = 'http://hl7.org/fhir/restful-interaction';
/** What each interaction does, where that is fixed. */
const ACTIONS: Record<string, string | undefined> = {
  read: 'R',
  vread: 'R',
  history: undefined,
  'history-instance': undefined,
  search: 'E',
  'search-type': 'E',
  create: 'C',
  update: 'U',
  patch: 'U',
  delete: 'D',
  transaction: undefined,
  batch: undefined,
  operation: undefined,
};
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const REQUEST_ID_TYPE = 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType#XrequestId';
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
const ID = 'https://fhir.nhs.uk/Id/';
const ALERT_TYPE = 'https://fhir.nhs.uk/CodeSystem/SCR-AlertType';
const ALERT_REASON = 'https://fhir.nhs.uk/CodeSystem/SCR-AlertReason';
/** Details of a consent entity. Longest values, and the answers that there are to the permission-to-view question. */
const CONSENT: Record<keyof Consent, RegExp> = {
  relationship: /^[^\p{C}]{1,100}$/u,
  permissionToView: /^(yes|extended|emergency|legal)$/,
  note: /^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{1,4000}$/,
};
const SYSTEMS = ['product-id', 'accredited-system'];

const idOf = (coding: Coding | undefined): string => `${coding?.system ?? ''}#${coding?.code ?? ''}`;

/** Kinds of agent, by `who.type`: PARS closes the list. */
const AGENTS: Record<string, { kind: 'organisation' | 'patient' | 'user' | 'role' | 'device'; most: number; systems: string[]; value: (value: string) => boolean }> = {
  Organization: { kind: 'organisation', most: 2, systems: ['ods-organization-code'], value: (value) => /^[A-Z0-9]{3,10}$/.test(value) },
  Patient: { kind: 'patient', most: 1, systems: ['nhs-number'], value: isNhsNumber },
  Practitioner: { kind: 'user', most: 1, systems: ['sds-user-id'], value: (value) => /^\d{1,20}$/.test(value) },
  PractitionerRole: { kind: 'role', most: 1, systems: ['sds-role-profile-id'], value: (value) => /^\d{1,20}$/.test(value) },
  Device: { kind: 'device', most: 1, systems: SYSTEMS, value: (value) => /^[!-~]{1,100}$/.test(value) },
  Endpoint: { kind: 'device', most: 1, systems: SYSTEMS, value: (value) => /^[!-~]{1,100}$/.test(value) },
};

/**
 * Reads a supplier's AuditEvent by PARS and BALP.
 *
 * @throws Fault naming the element by its FHIRPath
 * @see PARS, StructureDefinition England-AuditEvent-PARS; IHE ITI BALP; audit specification, "AuditEvent shape". Where PARS closes its
 *   entities and BALP adds data, query and consent, BALP is followed; the outcome is optional, as in the published examples.
 */
export function readAuditEvent(body: Record<string, unknown>): ReadEvent {
  checkStructure(body);
  const event = body as unknown as FedEvent;
  checkKind(event);
  const recorded = new Date(event.recorded);
  if (Number.isNaN(recorded.getTime()) || !isCalendarDate(event.recorded.slice(0, 10))) throw badElement('AuditEvent.recorded', 'must be an instant that exists');
  if (event.outcome !== undefined && !['0', '4', '8', '12'].includes(event.outcome)) throw badElement('AuditEvent.outcome', 'must be 0, 4, 8 or 12');
  checkIdentifier(event.source.observer.identifier, 'AuditEvent.source.observer.identifier', SYSTEMS, (value) => /^[!-~]{1,100}$/.test(value));
  return { event, recorded, ...readAgents(event.agent), ...readEntities(event.entity ?? []), ...readAlert(event.subtype) };
}

/** @see summary care record specification, "POST /AuditEvent (privacy alert)": a claimed relationship is type 1, an overridden permission type 2 */
function readAlert(subtype: Coding[] = []): Pick<ReadEvent, 'alertType' | 'alertReason'> {
  const codeOf = (system: string, code: RegExp): number => {
    const at = subtype.findIndex((one) => one.system === system);
    if (at === -1) return 0;
    if (!code.test(subtype[at]?.code ?? '')) throw badElement(`AuditEvent.subtype[${at}].code`, `must be a code of ${system}`);
    return Number(subtype[at]?.code);
  };
  const alertReason = codeOf(ALERT_REASON, /^[1-6]$/);
  const alertType = codeOf(ALERT_TYPE, /^[12]$/) || (alertReason === 0 ? 0 : [4, 6].includes(alertReason) ? 1 : 2);
  return { alertType, alertReason };
}

function checkKind({ type, subtype = [], action }: FedEvent): void {
  if (!EVENT_TYPES.includes(idOf(type))) throw badElement('AuditEvent.type', 'must be rest, transmit, export or import');
  if (action === undefined) throw missingElement('AuditEvent.action');
  if (!['C', 'R', 'U', 'D', 'E'].includes(action)) throw badElement('AuditEvent.action', 'must be C, R, U, D or E');
  const position = subtype.findIndex(({ system }) => system === RESTFUL);
  const code = subtype[position]?.code ?? '';
  if (type.code === 'rest' && position === -1) throw missingElement('AuditEvent.subtype');
  if (position === -1) return;
  if (!Object.hasOwn(ACTIONS, code)) throw badElement(`AuditEvent.subtype[${position}].code`, 'must be a restful-interaction with a patient’s data');
  if (type.code === 'rest' && ACTIONS[code] !== undefined && ACTIONS[code] !== action) throw badElement('AuditEvent.action', `must be ${ACTIONS[code]} for ${code}`);
}

function readAgents(agents: FedAgent[]): Pick<ReadEvent, 'requestors' | 'user' | 'role' | 'device'> {
  const counts: Partial<Record<string, number>> = {};
  const read: Pick<ReadEvent, 'requestors' | 'user' | 'role' | 'device'> = { requestors: [] };
  agents.forEach((agent, i) => {
    const path = `AuditEvent.agent[${i}]`;
    if (!agent.who) throw missingElement(`${path}.who`);
    if (agent.who.type === undefined) throw missingElement(`${path}.who.type`);
    const rule = Object.hasOwn(AGENTS, agent.who.type) ? AGENTS[agent.who.type] : undefined;
    if (!rule) throw badElement(`${path}.who.type`, 'must be Organization, Patient, Practitioner, PractitionerRole, Device or Endpoint');
    const value = checkIdentifier(agent.who.identifier, `${path}.who.identifier`, rule.systems, rule.value);
    const count = (counts[rule.kind] ?? 0) + 1;
    counts[rule.kind] = count;
    if (count > rule.most) throw badElement(path, `is one ${rule.kind} too many`);
    if (rule.kind === 'organisation' && agent.requestor) read.requestors.push({ odsCode: value, name: agent.who.display ?? '', path: `${path}.who.identifier.value` });
    if (rule.kind === 'user') read.user = { ...agent, path: `${path}.who.identifier.value` };
    if (rule.kind === 'role') read.role = agent;
    if (rule.kind === 'device') read.device = agent;
    agent.policy?.forEach((policy, j) => {
      if (/\bey[\w-]+\.[\w-]+\./.test(policy)) throw badElement(`${path}.policy[${j}]`, 'must not hold a whole token');
    });
    if (agent.network && !/^[!-~]{1,64}$/.test(agent.network.address ?? '-')) throw badElement(`${path}.network.address`, 'must be a network address');
    if (agent.network?.type !== undefined && !/^[1-5]$/.test(agent.network.type)) throw badElement(`${path}.network.type`, 'must be 1 to 5');
  });
  if (read.requestors.length === 0) throw missingElement("AuditEvent.agent.where(who.type = 'Organization' and requestor = true)");
  return read;
}

function readEntities(entities: FedEntity[]): Pick<ReadEvent, 'nhsNumber' | 'transaction' | 'submittedOrganisation' | 'endpoint' | 'data' | 'query' | 'consent'> {
  const found: Partial<ReturnType<typeof readEntities>> = {};
  entities.forEach((entity, i) => {
    const path = `AuditEvent.entity[${i}]`;
    const once = (name: keyof typeof found): void => {
      if (found[name] !== undefined) throw badElement(path, `is one ${name} too many`);
    };
    if (!entity.type) throw missingElement(`${path}.type`);
    if (entity.name !== undefined && entity.query !== undefined) throw badElement(path, 'must not have both a name and a query (FHIR R4, sev-1)');
    entity.detail?.forEach((detail, j) => {
      if ((detail.valueString === undefined) === (detail.valueBase64Binary === undefined)) throw badElement(`${path}.detail[${j}].value[x]`, 'must be there once');
    });
    switch (idOf(entity.type)) {
      case `${ENTITY_TYPE}#1`:
        once('nhsNumber');
        if (idOf(entity.role) !== `${OBJECT_ROLE}#1`) throw badElement(`${path}.role`, 'must be object-role 1');
        found.nhsNumber = checkIdentifier(entity.what?.identifier, `${path}.what.identifier`, ['nhs-number'], isNhsNumber) as NhsNumber;
        break;
      case REQUEST_ID_TYPE:
        once('transaction');
        found.transaction = checkIdentifier(entity.what?.identifier, `${path}.what.identifier`, ['transaction'], (value) => /^[!-~]{1,64}$/.test(value));
        break;
      case `${ENTITY_TYPE}#3`:
        once('submittedOrganisation');
        found.submittedOrganisation = checkIdentifier(entity.what?.identifier, `${path}.what.identifier`, ['ods-organization-code'], (value) => /^[A-Za-z0-9]{3,10}$/.test(value));
        break;
      case `${ENTITY_TYPE}#2`:
        if (idOf(entity.role) === `${OBJECT_ROLE}#24`) {
          once('query');
          if (entity.query === undefined) throw missingElement(`${path}.query`);
          found.query = Buffer.from(entity.query, 'base64').toString().toWellFormed();
        } else if (!['3', '4', '20'].some((code) => idOf(entity.role) === `${OBJECT_ROLE}#${code}`)) {
          throw badElement(`${path}.role`, 'must be object-role 3, 4, 20 or 24');
        } else found.data ??= entity;
        break;
      case `${RESOURCE_TYPES}#Endpoint`:
        checkEndpoint(entity, path);
        found.endpoint ??= entity;
        break;
      case `${RESOURCE_TYPES}#Consent`:
        found.consent = { ...found.consent, ...readConsent(entity, path) };
        break;
      default:
        throw badElement(`${path}.type`, 'must be a patient, a transaction, data, a query, an endpoint, a consent or a submitted organisation');
    }
  });
  const { nhsNumber, transaction } = found;
  if (nhsNumber === undefined) throw missingElement("AuditEvent.entity.where(type.code = '1')");
  if (transaction === undefined) throw missingElement("AuditEvent.entity.where(type.code = 'XrequestId')");
  return { ...found, nhsNumber, transaction };
}

function readConsent({ detail = [] }: FedEntity, path: string): Consent {
  return Object.fromEntries(
    detail.flatMap(({ type, valueString = '' }, i) => {
      if (!Object.hasOwn(CONSENT, type)) return [];
      if (!CONSENT[type as keyof Consent].test(valueString)) throw badElement(`${path}.detail[${i}].valueString`, `is no ${type}`);
      return [[type, valueString]];
    }),
  );
}

function checkEndpoint({ what, name, detail = [] }: FedEntity, path: string): void {
  if (name === undefined) throw missingElement(`${path}.name`);
  if (what?.identifier) checkIdentifier(what.identifier, `${path}.what.identifier`, SYSTEMS, (value) => /^[!-~]{1,100}$/.test(value));
  if (detail.length !== 2) throw badElement(`${path}.detail`, 'must be there exactly twice');
  for (const type of ['productIdentifier', 'interactionIdentifier']) {
    const position = detail.findIndex((one) => one.type === type);
    if (position === -1) throw missingElement(`${path}.detail.where(type = '${type}')`);
    if (detail[position]?.valueString === undefined) throw missingElement(`${path}.detail[${position}].valueString`);
  }
}

/** @returns its value */
function checkIdentifier(identifier: Identifier | undefined, path: string, systems: string[], isValue: (value: string) => boolean): string {
  if (!identifier) throw missingElement(path);
  if (!systems.some((system) => identifier.system === ID + system)) throw badElement(`${path}.system`, `must be ${systems.map((system) => ID + system).join(' or ')}`);
  if (identifier.value === undefined) throw missingElement(`${path}.value`);
  if (!isValue(identifier.value)) throw badElement(`${path}.value`, 'is not valid');
  return identifier.value;
}
