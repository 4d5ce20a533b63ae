interface FaultKind {
  status: number;
  /** FHIR R4 IssueType */
  issueCode: string;
  severity: 'error' | 'information';
  display: string;
}

const kind = (status: number, issueCode: string, display: string, severity: FaultKind['severity'] = 'error'): FaultKind => ({
  status,
  issueCode,
  severity,
  display,
});

/**
 * Every code that an API of the platform can answer with, its HTTP status, FHIR issue type and display.
 *
 * @see Spine-ErrorOrWarningCode as used by the Personal Demographics Service FHIR API, and by the National Record Locator
 */
export const FAULTS = {
  ACCESS_DENIED: kind(403, 'forbidden', 'Access Denied'),
  INVALID_METHOD: kind(403, 'forbidden', 'Invalid method'),
  FORBIDDEN_UPDATE: kind(403, 'forbidden', 'Update is forbidden', 'information'),
  INVALID_RESOURCE_ID: kind(400, 'value', 'Resource Id is invalid'),
  INVALID_SEARCH_DATA: kind(400, 'value', 'Search data is invalid'),
  INVALID_VALUE: kind(400, 'value', 'Provided value is invalid'),
  INVALID_CREATE: kind(400, 'value', 'Patient create data is invalid'),
  INVALID_UPDATE: kind(400, 'structure', 'Update is invalid'),
  MISSING_VALUE: kind(400, 'required', 'Required value is missing'),
  ADDITIONAL_PROPERTIES: kind(400, 'invariant', 'Additional properties should not be included'),
  TOO_FEW_VALUES_SUBMITTED: kind(400, 'value', 'Too few values submitted'),
  TOO_MANY_VALUES_SUBMITTED: kind(400, 'value', 'Too many values submitted'),
  UNSUPPORTED_VALUE: kind(400, 'value', 'Unsupported value'),
  UNSUPPORTED_CHARACTERS_IN_FIELD: kind(400, 'value', 'Unsupported characters in field'),
  VALIDATION_ERROR: kind(400, 'value', 'Validation error'),
  UNSUPPORTED_SERVICE: kind(400, 'processing', 'Unsupported Service'),
  UNSUPPORTED_REQUEST: kind(400, 'value', 'The request is not one that is supported.'),
  RESOURCE_NOT_FOUND: kind(404, 'not-found', 'Resource not found', 'information'),
  INVALIDATED_RESOURCE: kind(404, 'processing', 'Resource that has been marked as invalid was requested - invalid resources cannot be retrieved'),
  METHOD_NOT_ALLOWED: kind(405, 'not-supported', 'Method not allowed'),
  UNABLE_TO_CALL_SERVICE: kind(408, 'timeout', 'Unable to call service'),
  RESOURCE_VERSION_MISMATCH: kind(409, 'conflict', 'Resource version supplied does not match actual version'),
  PRECONDITION_FAILED: kind(412, 'structure', 'Required condition was not fulfilled'),
  PAYLOAD_TOO_LARGE: kind(413, 'too-long', 'Request is too large'),
  BUSINESS_RULE: kind(422, 'business-rule', 'A business rule was broken'),
  TOO_MANY_REQUESTS: kind(429, 'value', 'Too many requests'),
  UNKNOWN_ERROR: kind(500, 'unknown', 'Unknown Error'),
  SERVICE_UNAVAILABLE: kind(503, 'timeout', 'Service unavailable'),
  // fetching a document through the proxy: PROXY_ is this platform's doing, PROVIDER_ the provider's
  PROXY_PROVIDER_NOT_REGISTERED: kind(501, 'not-supported', 'The provider of the document is not registered with this proxy'),
  PROXY_BUSY: kind(503, 'throttled', 'This proxy fetches as many documents of the provider as it may'),
  PROXY_CERTIFICATE_REFUSED: kind(502, 'security', 'The provider of the document does not accept the certificate of this proxy'),
  PROVIDER_ADDRESS_REFUSED: kind(502, 'security', 'The address of the document is one that this proxy does not call'),
  PROVIDER_UNREACHABLE: kind(502, 'transient', 'The provider of the document cannot be reached'),
  PROVIDER_NOT_TRUSTED: kind(502, 'security', 'The provider of the document cannot prove who it is'),
  PROVIDER_TIMEOUT: kind(504, 'timeout', 'The provider of the document does not answer in time'),
  PROVIDER_REFUSED: kind(502, 'forbidden', 'The provider refuses to give the document'),
  PROVIDER_DOCUMENT_NOT_FOUND: kind(502, 'not-found', 'The provider no longer has the document'),
  PROVIDER_ERROR: kind(502, 'exception', 'The provider of the document failed'),
  PROVIDER_RESPONSE_INVALID: kind(502, 'processing', 'What the provider sends is not the document that its pointer describes'),
  PROVIDER_DOCUMENT_TOO_LARGE: kind(502, 'too-long', 'The document is larger than this proxy carries'),
  TOO_MANY_MATCHES: kind(200, 'multiple-matches', 'Too Many Matches', 'information'),
  SINGLE_MATCH: kind(200, 'value', 'Single match found'),
  MULTIPLE_MATCHES: kind(200, 'value', 'Multiple matches found'),

  // National Record Locator
  'ACCESS DENIED': kind(403, 'forbidden', 'Access has been denied to process this request'),
  AUTHOR_CREDENTIALS_ERROR: kind(403, 'forbidden', 'Author credentials error'),
  BAD_REQUEST: kind(400, 'invalid', 'Bad request'),
  MESSAGE_NOT_WELL_FORMED: kind(400, 'invalid', 'Message not well formed'),
  INVALID_PARAMETER: kind(400, 'invalid', 'Invalid parameter'),
  INVALID_CODE_SYSTEM: kind(400, 'code-invalid', 'Invalid code system'),
  INVALID_NHS_NUMBER: kind(400, 'invalid', 'Invalid NHS number'),
  INVALID_IDENTIFIER_VALUE: kind(400, 'invalid', 'Invalid identifier value'),
  MISSING_OR_INVALID_HEADER: kind(400, 'invalid', 'There is a required header missing or invalid'),
  NO_RECORD_FOUND: kind(404, 'not-found', 'No record found'),
  DUPLICATE_REJECTED: kind(409, 'conflict', 'Create would lead to creation of a duplicate resource'),
  UNPROCESSABLE_ENTITY: kind(422, 'business-rule', 'Unprocessable Entity'),
  INTERNAL_SERVER_ERROR: kind(500, 'exception', 'Unexpected internal server error'),
} satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof FAULTS;
