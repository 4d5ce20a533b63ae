import { AccessRecordedSchema, create, Interaction } from '@carespine/contracts';
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

  it('name a patient by the NHS number', () => {
    const record = create(AccessRecordedSchema, { interaction: Interaction.READ, resourceType: 'Patient', resourceVersion: '2', nhsNumber: '9990000018' });
    expect(auditEventOf({ id: '00000000-0000-7000-8000-000000000000', record, leafIndex: 0 }, 0, OPERATOR).entity.map(({ what }) => what)).toContainEqual({ reference: 'Patient/9990000018/_history/2' });
  });
});
