import { Fault } from '@carespine/fhir';
import { printed } from './json';

/*
 * The header rules of an update. A request that breaks several is told the first: call them in the order of this file.
 * A header failure is reported before anything about the body or the record.
 */

/** @throws Fault MISSING_VALUE when absent, INVALID_VALUE when not a UUID in 8-4-4-4-12 form */
export function requireRequestId(header: string | undefined): string {
  if (header === undefined) {
    throw new Fault('MISSING_VALUE', {
      diagnostics: 'Invalid request with error - X-Request-ID header must be supplied to access this resource',
    });
  }
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(header)) {
    throw new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${printed(header)}' in header 'X-Request-ID'` });
  }
  return header;
}

/** The version of a weak tag `W/"<n>"`. @throws Fault PRECONDITION_FAILED when absent or of another form */
export function requireIfMatch(header: string | undefined): number {
  const version = /^W\/"(\d+)"$/.exec(header ?? '')?.[1];
  if (version === undefined) {
    const reason = header === undefined ? 'must be supplied to update this resource' : 'must be of the form W/"<version>"';
    throw new Fault('PRECONDITION_FAILED', { diagnostics: `Invalid request with error - If-Match header ${reason}` });
  }
  return Number(version);
}

/** @throws Fault UNSUPPORTED_SERVICE unless the media type is `application/json-patch+json` (parameters are ignored) */
export function requireJsonPatch(contentType: string | undefined): void {
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json-patch+json') throw new Fault('UNSUPPORTED_SERVICE');
}
