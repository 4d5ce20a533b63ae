import { fromBinary, PatientConfidentialityChangedSchema, PatientDiedSchema, PatientSupersededSchema } from '@carespine/contracts';
import { PatientKey } from '@carespine/events';
import type { Patient } from '@carespine/fhir';
import { eventsOfLoad, eventsOfUpdate } from './patient-events';

const key = new PatientKey('x'.repeat(32));
const aPatient = (rest: object = {}, label = 'U'): Patient =>
  ({ resourceType: 'Patient', id: '9990000018', meta: { versionId: '2', security: [{ code: label }] }, ...rest }) as Patient;
const merged = { link: [{ type: 'replaced-by', other: { identifier: { value: '9990000026' } } }] };

/** As a consumer reads them. */
const factsOf = (patient: Patient, isOverAnother: boolean): Record<string, unknown> =>
  Object.fromEntries(
    eventsOfLoad(patient, isOverAnother, key).map(({ type, payload }) => {
      if (type === PatientSupersededSchema.typeName) return ['superseded', fromBinary(PatientSupersededSchema, payload).supersededBy];
      if (type === PatientDiedSchema.typeName) return ['died', fromBinary(PatientDiedSchema, payload).deceased !== undefined];
      if (type === PatientConfidentialityChangedSchema.typeName) return ['label', fromBinary(PatientConfidentialityChangedSchema, payload).confidentiality];
      return [type, true];
    }),
  );

describe('What other services are told of a loaded patient', () => {
  it.each<[string, Patient, object]>([
    ['a restricted one', aPatient({}, 'R'), { label: 'R' }],
    ['a dead one', aPatient({ deceasedDateTime: '2026-11-20' }), { died: true }],
    ['a merged one', aPatient(merged), { superseded: '9990000026' }],
  ])('%s: what sets it apart, and no more', (_, patient, facts) => expect(factsOf(patient, false)).toEqual(facts));

  it.each<[string, Patient, object]>([
    ['an ordinary one', aPatient(), { superseded: '', label: 'U', died: false }],
    ['one that stands alone again and is restricted', aPatient({}, 'R'), { superseded: '', label: 'R', died: false }],
    ['one that stands alone again and is dead', aPatient({ deceasedDateTime: '2026-11-20' }), { superseded: '', label: 'U', died: true }],
    ['a merged one that is alive', aPatient(merged), { superseded: '9990000026', label: 'U', died: false }],
  ])('over an earlier version, %s: also what is no longer so', (_, patient, facts) => expect(factsOf(patient, true)).toEqual(facts));
});

describe('What other services are told of an update', () => {
  it.each<[string, object, object, boolean[]]>([
    ['a death', {}, { deceasedDateTime: '2026-11-20' }, [true]],
    ['a death that is taken back', { deceasedDateTime: '2026-11-20' }, {}, [false]],
    ['another element', { deceasedDateTime: '2026-11-20' }, { deceasedDateTime: '2026-11-20', gender: 'female' }, []],
  ])('%s', (_, before, after, died) => {
    const facts = eventsOfUpdate(aPatient(before), aPatient(after), key, '').filter(({ type }) => type === PatientDiedSchema.typeName);
    expect(facts.map(({ payload }) => fromBinary(PatientDiedSchema, payload).deceased !== undefined)).toEqual(died);
  });
});
