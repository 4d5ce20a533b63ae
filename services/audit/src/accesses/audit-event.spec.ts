import { AccessRecordedSchema, create, Interaction, Outcome } from '@carespine/contracts';
import { auditEventOf } from './audit-event';

const OPERATOR = { odsCode: 'X26', name: 'NHS England' };

describe('the entities of an AuditEvent', () => {
  it('name a resource by its own id, where its patient does not name it', () => {
    const record = create(AccessRecordedSchema, {
      service: 'record-locator',
      interaction: Interaction.OPERATION,
      resourceType: 'DocumentReference',
      resourceId: 'RQX01-1',
      nhsNumber: '9990000018',
      query: 'content=0',
    });
    const whats = auditEventOf({ id: '00000000-0000-7000-8000-000000000000', record, leafIndex: 0 }, 0, OPERATOR).entity.map(({ what }) => what);
    expect(whats).toContainEqual({ reference: 'DocumentReference/RQX01-1' });
    expect(whats).toContainEqual({ identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } });
  });

  const eventOf = (facts: Parameters<typeof create<typeof AccessRecordedSchema>>[1], alert?: string) =>
    auditEventOf({ id: '00000000-0000-7000-8000-000000000000', record: create(AccessRecordedSchema, facts), leafIndex: 0 }, 0, OPERATOR, alert);

  it('do not take the NHS number for the id of anything but a patient', () => {
    const { entity } = eventOf({ service: 'audit', interaction: Interaction.READ, resourceType: 'AuditEvent', nhsNumber: '9990000018' });
    expect(entity.map(({ what }) => what?.reference)).not.toContain('AuditEvent/9990000018');
  });

  it.each([
    [{ interaction: Interaction.EXPORT, resourceType: 'AuditEvent' }, '3', 'Report'],
    [{ interaction: Interaction.READ, resourceType: 'Task' }, '20', 'Job'],
    [{ interaction: Interaction.READ, resourceType: 'DocumentReference' }, '4', 'Domain Resource'],
  ])('%j: object role %s', (facts, code, display) => {
    expect(eventOf({ ...facts, resourceId: 'x' }).entity.map(({ role }) => role)).toContainEqual(expect.objectContaining({ code, display }));
  });

  it('hold the raw request of a search, also of one that asks for everything', () => {
    const queryOf = (request: string, query = '') => eventOf({ interaction: Interaction.SEARCH_TYPE, resourceType: 'Patient', request, query }).entity.find(({ role }) => role?.code === '24');
    const path = '/personal-demographics/FHIR/R4/Patient';
    expect(queryOf(`GET ${path}`, 'family=Smith')).toMatchObject({ query: Buffer.from(`GET ${path}?family=Smith`).toString('base64'), description: 'family=Smith' });
    expect(queryOf(`POST ${path}/_search`, 'family=Smith')).toMatchObject({ query: Buffer.from(`POST ${path}/_search\n\nfamily=Smith`).toString('base64') });
    expect(queryOf('GET /audit/v1/alerts')).toMatchObject({ query: Buffer.from('GET /audit/v1/alerts').toString('base64') });
  });

  it('say what the access rests on, as the feed would', () => {
    const { entity, subtype } = eventOf({ interaction: Interaction.READ, relationship: 'self-claimed', permissionToView: 'emergency', note: 'Unconscious', alertType: 1, alertReason: 4 });
    expect(entity.find(({ type }) => type.code === 'Consent')?.detail).toEqual([
      { type: 'relationship', valueString: 'self-claimed' },
      { type: 'permissionToView', valueString: 'emergency' },
      { type: 'note', valueString: 'Unconscious' },
    ]);
    expect(subtype.map(({ code }) => code)).toEqual(['read', '1', '4']);
  });

  it('an emergency’s policy leads to its alert, beside the token', () => {
    const alert = 'https://records.example.nhs.uk/audit/v1/alerts/A-7KQ2-M9XP';
    const policies = eventOf({ purpose: 'BTG', agent: { userId: '555000000101', tokenId: 't' } }, alert).agent.flatMap(({ policy = [] }) => policy);
    expect(policies).toEqual(['urn:ietf:params:oauth:jti:t', alert]);
  });

  it.each([
    [{ service: 'record-locator', interaction: Interaction.OPERATION, interactionName: 'Retrieve document', outcome: Outcome.SUCCESS }, ['operation', 'disclose']],
    [{ service: 'record-locator', interaction: Interaction.OPERATION, interactionName: 'Retrieve document', outcome: Outcome.SERIOUS_FAILURE }, ['operation']],
    [{ service: 'audit', interaction: Interaction.EXPORT, interactionName: 'Fetch the answer to a subject access request', outcome: Outcome.SUCCESS }, ['operation', 'disclose']],
    [{ interaction: Interaction.PRINT }, ['report']],
  ])('%j: subtypes %j', (facts, codes) => expect(eventOf(facts).subtype.map(({ code }) => code)).toEqual(codes));

  it('name a patient by the NHS number', () => {
    const record = create(AccessRecordedSchema, { interaction: Interaction.READ, resourceType: 'Patient', resourceVersion: '2', nhsNumber: '9990000018' });
    expect(auditEventOf({ id: '00000000-0000-7000-8000-000000000000', record, leafIndex: 0 }, 0, OPERATOR).entity.map(({ what }) => what)).toContainEqual({ reference: 'Patient/9990000018/_history/2' });
  });
});
