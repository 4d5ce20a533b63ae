import { Fault } from '@carespine/fhir';
import { bent, EXAMPLES, example } from './fixtures/fed-events';
import { readAuditEvent } from './pars-rules';

const AET = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const RESTFUL = 'http://hl7.org/fhir/restful-interaction';
const PERSON = { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '1' };
const OBJECT = { ...PERSON, code: '2' };
const roleOf = (code: string): object => ({ system: 'http://terminology.hl7.org/CodeSystem/object-role', code });
const agentOf = (type: string, system: string, value: string): object => ({ who: { type, identifier: { system: `https://fhir.nhs.uk/Id/${system}`, value } }, requestor: false });
const organisation = agentOf('Organization', 'ods-organization-code', 'RZZ01');
const endpoint = (): object => (example() as unknown as { entity: object[] }).entity[2] as object;

/** @returns the expression of the refusal; undefined when there is none */
function refusal(event: Record<string, unknown>): string | undefined {
  try {
    readAuditEvent(event);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.status).toBe(400);
    return error.details.expression;
  }
}

describe('the published examples of PARS', () => {
  it.each(EXAMPLES)('%s is accepted', (name) => expect(refusal(example(name))).toBeUndefined());
});

describe('FHIR R4 AuditEvent', () => {
  it.each<[string, string, unknown, string]>([
    ['is an AuditEvent', 'resourceType', 'Patient', 'AuditEvent.resourceType'],
    ['has an id of 64 letters, digits, - and . at most', 'id', 'a b', 'AuditEvent.id'],
    ['has a type', 'type', undefined, 'AuditEvent.type'],
    ['has one type', 'type', [], 'AuditEvent.type'],
    ['has a recorded', 'recorded', undefined, 'AuditEvent.recorded'],
    ['has an instant as recorded, with its zone', 'recorded', '2024-07-01T09:49:00', 'AuditEvent.recorded'],
    ['has a recorded that exists', 'recorded', '2024-02-30T09:49:00Z', 'AuditEvent.recorded'],
    ['has agents', 'agent', undefined, 'AuditEvent.agent'],
    ['has no empty list', 'agent', [], 'AuditEvent.agent'],
    ['has no empty object', 'agent.0.who', {}, 'AuditEvent.agent[0].who'],
    ['has no null', 'outcomeDesc', null, 'AuditEvent.outcomeDesc'],
    ['has no empty text', 'outcomeDesc', '', 'AuditEvent.outcomeDesc'],
    ['has no control characters', 'outcomeDesc', 'a\u0000', 'AuditEvent.outcomeDesc'],
    ['has no half characters', 'outcomeDesc', 'a\ud800', 'AuditEvent.outcomeDesc'],
    ['says of each agent whether it asked', 'agent.0.requestor', undefined, 'AuditEvent.agent[0].requestor'],
    ['has true or false as requestor', 'agent.0.requestor', 'true', 'AuditEvent.agent[0].requestor'],
    ['has a source', 'source', undefined, 'AuditEvent.source'],
    ['has an observer', 'source.observer', undefined, 'AuditEvent.source.observer'],
    ['has list elements as lists', 'subtype', { code: 'read' }, 'AuditEvent.subtype'],
    ['has codes without blanks around them', 'action', ' R', 'AuditEvent.action'],
    ['has uris without blanks', 'type.system', 'a b', 'AuditEvent.type.system'],
    ['has base64 as query', 'entity.0.query', 'a', 'AuditEvent.entity[0].query'],
    ['has no element that R4 does not know', 'patient', { reference: 'Patient/1' }, 'AuditEvent.patient'],
    ['has no unknown element further down', 'agent.0.who.name', 'x', 'AuditEvent.agent[0].who.name'],
    ['has no member of the prototype', 'agent.0.constructor', 'x', 'AuditEvent.agent[0].constructor'],
    ['has no modifier that we cannot know', 'modifierExtension', [{ url: 'urn:x' }], 'AuditEvent.modifierExtension'],
    ['has no modifier further down', 'entity.0.modifierExtension', [{ url: 'urn:x' }], 'AuditEvent.entity[0].modifierExtension'],
    ['has no implicit rules', 'implicitRules', 'urn:x', 'AuditEvent.implicitRules'],
    ['has an outcome of the value set', 'outcome', '1', 'AuditEvent.outcome'],
    ['has details with a value', 'entity.2.detail.0.valueString', undefined, 'AuditEvent.entity[2].detail[0].value[x]'],
    ['has details with one value', 'entity.2.detail.0.valueBase64Binary', 'YQ==', 'AuditEvent.entity[2].detail[0].value[x]'],
    ['has entities with a name or a query, not both (sev-1)', 'entity.2.query', 'YQ==', 'AuditEvent.entity[2]'],
    ['has a kind of network address of the value set', 'agent.1.network', { address: '10.0.0.1', type: '9' }, 'AuditEvent.agent[1].network.type'],
  ])('%s', (_, path, value, expression) => expect(refusal(bent(path, value))).toBe(expression));

  it('may carry extensions, also of primitives, and what else R4 knows', () => {
    const event = bent('extension', [{ url: 'urn:x', valueString: 'kept' }]);
    bent('_recorded', { extension: [{ url: 'urn:y', valueString: 'kept' }] }, event);
    bent('agent.0.extension', [{ url: 'urn:z', valueInteger: 1 }], event);
    bent('agent.0.id', 'a1', event);
    bent('language', 'en-GB', event);
    bent('meta', { profile: ['https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead'] }, event);
    bent('text', { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' }, event);
    expect(refusal(event)).toBeUndefined();
  });
});

describe('PARS', () => {
  it.each<[string, string, unknown, string]>([
    ['closes the kinds of agents', 'agent.0.who.type', 'Group', 'AuditEvent.agent[0].who.type'],
    ['knows agents by who.type', 'agent.0.who.type', undefined, 'AuditEvent.agent[0].who.type'],
    ['has a who for each agent', 'agent.1.who', undefined, 'AuditEvent.agent[1].who'],
    ['identifies agents', 'agent.1.who.identifier', undefined, 'AuditEvent.agent[1].who.identifier'],
    ['has at least one organisation', 'agent.0', undefined, "AuditEvent.agent.where(who.type = 'Organization' and requestor = true)"],
    ['has an organisation that asked', 'agent.0.requestor', false, "AuditEvent.agent.where(who.type = 'Organization' and requestor = true)"],
    ['has two organisations at most', 'agent', [{ ...organisation, requestor: true }, organisation, organisation], 'AuditEvent.agent[2]'],
    ['names organisations by ODS code', 'agent.0.who.identifier.system', 'https://fhir.nhs.uk/Id/sds-user-id', 'AuditEvent.agent[0].who.identifier.system'],
    ['has ODS codes that can be', 'agent.0.who.identifier.value', "R'1", 'AuditEvent.agent[0].who.identifier.value'],
    ['has one device at most', 'agent.2', agentOf('Endpoint', 'product-id', 'P.1'), 'AuditEvent.agent[2]'],
    ['names devices by product or ASID', 'agent.1.who.identifier.system', 'urn:x', 'AuditEvent.agent[1].who.identifier.system'],
    ['names the observer', 'source.observer.identifier', undefined, 'AuditEvent.source.observer.identifier'],
    ['names the observer by product or ASID', 'source.observer.identifier.system', 'urn:x', 'AuditEvent.source.observer.identifier.system'],
    ['has an observer with a value', 'source.observer.identifier.value', undefined, 'AuditEvent.source.observer.identifier.value'],
    ['has exactly one patient, not none', 'entity.0', undefined, "AuditEvent.entity.where(type.code = '1')"],
    ['has a patient in the role of one', 'entity.0.role', roleOf('4'), 'AuditEvent.entity[0].role'],
    ['has a patient with an NHS number', 'entity.0.what', undefined, 'AuditEvent.entity[0].what.identifier'],
    ['has an NHS number of that system', 'entity.0.what.identifier.system', 'urn:x', 'AuditEvent.entity[0].what.identifier.system'],
    ['has an NHS number whose check digit is right', 'entity.0.what.identifier.value', '9000000008', 'AuditEvent.entity[0].what.identifier.value'],
    ['has exactly one transaction, not none', 'entity.1', undefined, "AuditEvent.entity.where(type.code = 'XrequestId')"],
    ['has a transaction with an identifier', 'entity.1.what.identifier.system', 'urn:x', 'AuditEvent.entity[1].what.identifier.system'],
    ['has a transaction with a value', 'entity.1.what.identifier.value', 'a b', 'AuditEvent.entity[1].what.identifier.value'],
    ['closes the kinds of entities', 'entity.2.type.code', 'Patient', 'AuditEvent.entity[2].type'],
    ['knows entities by type', 'entity.2.type', undefined, 'AuditEvent.entity[2].type'],
    ['has an endpoint with a name', 'entity.2.name', undefined, 'AuditEvent.entity[2].name'],
    ['has an endpoint with exactly two details', 'entity.2.detail.1', undefined, 'AuditEvent.entity[2].detail'],
    ['has a product identifier', 'entity.2.detail.0.type', 'other', "AuditEvent.entity[2].detail.where(type = 'productIdentifier')"],
    ['has an interaction identifier', 'entity.2.detail.1.type', 'other', "AuditEvent.entity[2].detail.where(type = 'interactionIdentifier')"],
    ['has details that are texts', 'entity.2.detail.0', { type: 'productIdentifier', valueBase64Binary: 'YQ==' }, 'AuditEvent.entity[2].detail[0].valueString'],
    ['has an endpoint of a product or ASID', 'entity.2.what.identifier.system', 'urn:x', 'AuditEvent.entity[2].what.identifier.system'],
  ])('%s', (_, path, value, expression) => expect(refusal(bent(path, value))).toBe(expression));

  it.each([
    ['user', agentOf('Practitioner', 'sds-user-id', '1'), agentOf('Practitioner', 'sds-user-id', 'x')],
    ['role', agentOf('PractitionerRole', 'sds-role-profile-id', '1'), agentOf('PractitionerRole', 'sds-role-profile-id', 'x')],
    ['patient', agentOf('Patient', 'nhs-number', '9000000009'), agentOf('Patient', 'nhs-number', '9000000008')],
  ])('has one %s at most among its agents, with an identifier of its kind', (_, agent, other) => {
    expect(refusal(bent('agent.2', agent))).toBeUndefined();
    expect(refusal(bent('agent.3', agent, bent('agent.2', agent)))).toBe('AuditEvent.agent[3]');
    expect(refusal(bent('agent.2', other))).toBe('AuditEvent.agent[2].who.identifier.value');
  });

  it.each([
    ['patient', { type: PERSON, role: roleOf('1'), what: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9000000017' } } }],
    ['transaction', { type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' }, what: { identifier: { system: 'https://fhir.nhs.uk/Id/transaction', value: '1' } } }],
  ])('has exactly one %s, not two', (_, entity) => expect(refusal(bent('entity.3', entity))).toBe('AuditEvent.entity[3]'));

  it('may name the organisation that was submitted, once, and several endpoints', () => {
    const submitted = { type: { ...PERSON, code: '3' }, what: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RZZ02' } } };
    expect(refusal(bent('entity.3', submitted))).toBeUndefined();
    expect(refusal(bent('entity.4', submitted, bent('entity.3', submitted)))).toBe('AuditEvent.entity[4]');
    expect(refusal(bent('entity.3', endpoint()))).toBeUndefined();
  });
});

describe('BALP', () => {
  const query = { type: OBJECT, role: roleOf('24'), query: Buffer.from('family=Smith').toString('base64') };

  it.each<[string, string, unknown, string]>([
    ['has a type that is an access to a patient’s data', 'type', { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110114' }, 'AuditEvent.type'],
    ['has a type of a known system', 'type.system', 'urn:x', 'AuditEvent.type'],
    ['has an action', 'action', undefined, 'AuditEvent.action'],
    ['has an action of the value set', 'action', 'X', 'AuditEvent.action'],
    ['has a subtype where the type is rest', 'subtype', undefined, 'AuditEvent.subtype'],
    ['has a restful interaction among its subtypes', 'subtype', [{ system: 'urn:x', code: 'read' }], 'AuditEvent.subtype'],
    ['has a restful interaction that is known', 'subtype.0.code', 'capabilities', 'AuditEvent.subtype[0].code'],
    ['has R for a read', 'action', 'U', 'AuditEvent.action'],
    ['has a query where the role is query', 'entity.3', { ...query, query: undefined }, 'AuditEvent.entity[3].query'],
    ['has data in the role of data', 'entity.3', { type: OBJECT, role: roleOf('1') }, 'AuditEvent.entity[3].role'],
    ['holds no whole token', 'agent.1.policy', ['urn:ietf:params:oauth:jti:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc'], 'AuditEvent.agent[1].policy[0]'],
    ['has a network address that is one', 'agent.1.network', { address: 'a b' }, 'AuditEvent.agent[1].network.address'],
  ])('%s', (_, path, value, expression) => {
    const event = bent(path, value);
    expect(refusal(JSON.parse(JSON.stringify(event)) as typeof event)).toBe(expression);
  });

  it.each([
    ['vread', 'R'],
    ['search', 'E'],
    ['search-type', 'E'],
    ['create', 'C'],
    ['update', 'U'],
    ['patch', 'U'],
    ['delete', 'D'],
    ['operation', 'E'],
    ['transaction', 'C'],
  ])('%s goes with %s', (code, action) => {
    expect(refusal(bent('action', action, bent('subtype', [{ system: RESTFUL, code }])))).toBeUndefined();
  });

  it('may add data, a query and a consent, which PARS leaves out', () => {
    const event = bent('entity.3', { type: OBJECT, role: roleOf('4'), what: { reference: 'Patient/9000000009/_history/3' } });
    bent('entity.4', query, event);
    bent('entity.5', { type: { system: 'http://hl7.org/fhir/resource-types', code: 'Consent' }, what: { reference: 'Consent/1' } }, event);
    expect(refusal(event)).toBeUndefined();
    expect(readAuditEvent(event)).toMatchObject({ nhsNumber: '9000000009', query: 'family=Smith', transaction: '76d148b6-586d-11ec-bf63-0242ac130082' });
  });

  it('reads what the access rests on off the consent, and the privacy alert off the national codes', () => {
    const consent = (...detail: object[]) => ({ type: { system: 'http://hl7.org/fhir/resource-types', code: 'Consent' }, detail });
    const said = (type: string, valueString: string): object => ({ type, valueString });
    const event = bent('entity.3', consent(said('relationship', 'self-claimed'), said('permissionToView', 'emergency'), said('note', 'Unconscious')));
    expect(readAuditEvent(event)).toMatchObject({ consent: { relationship: 'self-claimed', permissionToView: 'emergency', note: 'Unconscious' }, alertType: 0, alertReason: 0 });
    expect(refusal(bent('entity.3', consent(said('permissionToView', 'perhaps'))))).toBe('AuditEvent.entity[3].detail[0].valueString');
    const reason = (code: string) => bent('subtype.1', { system: 'https://fhir.nhs.uk/CodeSystem/SCR-AlertReason', code });
    expect(readAuditEvent(reason('5'))).toMatchObject({ alertType: 2, alertReason: 5 });
    expect(readAuditEvent(reason('6'))).toMatchObject({ alertType: 1, alertReason: 6 });
    expect(refusal(reason('7'))).toBe('AuditEvent.subtype[1].code');
  });

  it('takes a message that was transmitted, without a subtype', () => expect(refusal(bent('subtype', undefined, bent('type', { system: AET.replace('audit-event-type', 'iso-21089-lifecycle'), code: 'transmit' })))).toBeUndefined());
});
