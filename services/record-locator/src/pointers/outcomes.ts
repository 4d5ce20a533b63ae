import { Fault, type OperationOutcome } from '@carespine/fhir';
import { FHIR_JSON } from '@carespine/service-kit';

export const MEDIA_TYPE = `${FHIR_JSON};version=1`;

const ERRORS = 'https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode';

/** A refusal in the record locator's codes. @see record locator specification, "OperationOutcome codes" */
export function faultAs(fault: Fault): Fault {
  const { code, details } = fault;
  const said = {
    ...details,
    system: ERRORS,
    headers: { ...details.headers, 'content-type': MEDIA_TYPE },
    ...(details.further && { further: details.further.map(faultAs) }),
  };
  if ((code === 'MISSING_VALUE' || code === 'INVALID_VALUE') && /X-Request-ID/.test(details.diagnostics ?? ''))
    return new Fault('MISSING_OR_INVALID_HEADER', said);
  if (code === 'VALIDATION_ERROR') return new Fault('BAD_REQUEST', said);
  if (code === 'UNKNOWN_ERROR') return new Fault('INTERNAL_SERVER_ERROR', said);
  if (code === 'ACCESS_DENIED' && fault.status === 401) return new Fault(code, { ...said, issueCode: 'forbidden' });
  return new Fault(code, said);
}

const DONE = {
  RESOURCE_CREATED: ['Resource created', 'The pointer has been created'],
  RESOURCE_SUPERSEDED: ['Resource created and resource(s) deleted', 'The pointer has been created, and what it replaces has been deleted'],
  RESOURCE_UPDATED: ['Resource updated', 'The pointer has been updated'],
  RESOURCE_DELETED: ['Resource deleted', 'The pointer has been deleted'],
} as const;

/** What was done to a pointer, as the producer is told. */
export function done(code: keyof typeof DONE): OperationOutcome {
  const [display, diagnostics] = DONE[code];
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'information',
        code: 'informational',
        details: { coding: [{ system: 'https://fhir.nhs.uk/ValueSet/NRL-ResponseCode', code, display }] },
        diagnostics,
      },
    ],
  };
}
