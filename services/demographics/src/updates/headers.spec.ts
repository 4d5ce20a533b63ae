import { Fault } from '@carespine/fhir';
import { requireIfMatch, requireJsonPatch, requireRequestId } from './headers';

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return `${error.status} ${error.code}: ${error.details.diagnostics ?? '-'}`;
    throw error;
  }
  return 'accepted';
}

describe('Headers of an update', () => {
  it.each([
    [undefined, '400 MISSING_VALUE: Invalid request with error - X-Request-ID header must be supplied to access this resource'],
    ['12345', `400 INVALID_VALUE: Invalid value - '12345' in header 'X-Request-ID'`],
    ['', `400 INVALID_VALUE: Invalid value - '' in header 'X-Request-ID'`],
    ['60E0B220-8136-4CA5-AE46-1D97EF59D068', 'accepted'],
    ['60e0b220-8136-4ca5-ae46-1d97ef59d068', 'accepted'],
  ])('X-Request-ID is a UUID in 8-4-4-4-12 hex form, any case: %s', (header, expected) => {
    expect(refusal(() => requireRequestId(header))).toBe(expected);
  });

  it.each([[undefined], [''], ['2'], ['"2"'], ['W/2'], ['W/"a"'], ['W/"2" '], ['w/"2"'], ['W/"-2"']])(
    'If-Match absent or not of the form W/"<n>" is 412: %s',
    (header) => {
      expect(refusal(() => requireIfMatch(header))).toMatch(
        /^412 PRECONDITION_FAILED: Invalid request with error - If-Match header must be /,
      );
    },
  );

  it('If-Match gives the version', () => {
    expect(requireIfMatch('W/"2"')).toBe(2);
    expect(requireIfMatch('W/"10"')).toBe(10);
  });

  it.each([
    [undefined, '400 UNSUPPORTED_SERVICE: -'],
    ['application/bananas', '400 UNSUPPORTED_SERVICE: -'],
    ['application/json', '400 UNSUPPORTED_SERVICE: -'],
    ['application/json-patch+json', 'accepted'],
    ['Application/JSON-Patch+json; charset=utf-8', 'accepted'],
  ])('Content-Type must be application/json-patch+json: %s', (header, expected) => {
    expect(refusal(() => requireJsonPatch(header))).toBe(expected);
  });
});
