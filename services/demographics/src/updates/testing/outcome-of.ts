import { Fault, type Patient } from '@carespine/fhir';
import { updatePatient, type UpdateContext } from '../update-patient';

export const context: UpdateContext = {
  today: '2026-06-15',
  now: '2026-06-15T12:00:00Z',
  mode: 'user-restricted',
  newObjectId: () => 'NEW1',
};

/** What an update comes to: the new record, or the refusal as `code: diagnostics`. Anything but a Fault is a defect and is thrown on. */
export function outcomeOf(record: Patient, body: unknown, overrides: Partial<UpdateContext> = {}): Patient | string {
  try {
    return updatePatient(record, body, { ...context, ...overrides });
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.details.diagnostics ?? ''}`;
    throw error;
  }
}
