/** `error` of a refusal, as the national API platform writes it. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'access_denied'
  | 'public_key error'
  | 'server_error'
  | 'temporarily_unavailable';

/**
 * A refusal of the authorisation endpoints. The description names the parameter, header or claim at fault and never holds a value.
 *
 * @see identity and access specification, "Token errors"
 */
export class OAuthFault extends Error {
  override readonly name = 'OAuthFault';

  constructor(
    readonly status: number,
    readonly error: OAuthError,
    description: string,
    /** Not a mistake: a forged signature, or something used a second time. Recorded as a serious failure. */
    readonly isSerious = false,
  ) {
    super(description);
  }
}

export const invalidRequest = (description: string, status = 400): OAuthFault => new OAuthFault(status, 'invalid_request', description);
