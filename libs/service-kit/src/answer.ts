import { HttpException } from '@nestjs/common';
import { Fault } from '@carespine/fhir';
import { isPassing } from '@carespine/events';
import type { Log } from './log';

/** Turns whatever was thrown into the Fault that the caller sees; what is nobody's refusal is logged, and no detail of it leaves. */
export function faultOf(error: unknown, log: Log, facts: { requestId?: string; traceId?: string }): Fault {
  if (error instanceof Fault) return error;
  if (isPassing(error)) {
    log.warn({ ...facts, reason: error instanceof Error && 'code' in error ? error.code : 'unreachable' }, 'store.unavailable');
    return new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '5' } });
  }
  const status = statusOf(error);
  if (status === 413) return new Fault('PAYLOAD_TOO_LARGE');
  if (status === 404) return new Fault('UNSUPPORTED_REQUEST', { status: 404, issueCode: 'not-found' });
  if (status === 405) return new Fault('METHOD_NOT_ALLOWED');
  if (status >= 400 && status < 500) return new Fault('VALIDATION_ERROR', { status, diagnostics: 'The request is malformed' });
  log.error({ ...facts, err: error }, 'request.failed');
  return new Fault('UNKNOWN_ERROR');
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error === 'object' && error !== null && 'statusCode' in error) return Number(error.statusCode);
  return 500;
}

export const FHIR_JSON = 'application/fhir+json';
