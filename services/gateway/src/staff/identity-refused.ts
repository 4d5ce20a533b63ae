/** What part of an identity provider's word was not believed. */
export type Part = 'callback' | 'discovery' | 'keys' | 'token_endpoint' | 'id_token' | 'logout_token' | 'userinfo';

/**
 * An identity provider's word is not believed. The element is the claim or parameter at fault, or what failed.
 * The message names both and never a value, so that it can stand in a record and, for a supplier's token, in an answer.
 */
export class IdentityRefused extends Error {
  override readonly name = 'IdentityRefused';

  constructor(
    readonly part: Part,
    readonly element: string,
    /** `too-low`: well-formed and true, but an assurance level below what is needed. */
    readonly kind: 'wrong' | 'too-low' = 'wrong',
    options?: ErrorOptions,
  ) {
    super(`${part}.${element}${kind === 'wrong' ? '' : `: ${kind}`}`, options);
  }
}
