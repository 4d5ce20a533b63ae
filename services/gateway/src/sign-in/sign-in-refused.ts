import type { AccessFacts } from '@carespine/access-control';
import { Outcome } from '@carespine/contracts';
import { IdentityRefused } from '../staff/identity-refused';

/** What the portal's page tells the user; `failed` says nothing of what went wrong. */
export type Problem = 'cancelled' | 'assurance' | 'authenticator' | 'role' | 'organisation' | 'workgroup' | 'failed';

/** A sign-in, a step-up or a change of role ends without what was asked for. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  /** Who it was, as far as that is proven. */
  agent?: AccessFacts['agent'];
  isStepUp = false;

  /** @param reason for the access record; free of personal data */
  constructor(
    readonly problem: Problem,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }

  /** A rule refused a user whom the provider vouches for; or the provider's word was not to be believed. */
  get outcome(): Outcome {
    return this.problem === 'failed' ? Outcome.SERIOUS_FAILURE : Outcome.MINOR_FAILURE;
  }
}

/** Runs a part of a sign-in about which more is known than its rules know; what they refuse is recorded with that. */
export async function refusedAs<T>(facts: Partial<Pick<SignInRefused, 'agent' | 'isStepUp'>>, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof IdentityRefused ? new SignInRefused(problemOf(error), error.message, { cause: error }) : error;
    throw refusal instanceof SignInRefused ? Object.assign(refusal, facts) : refusal;
  }
}

/** @see identity and access specification, "Sign-in checks at the callback": the page never tells what failed cryptographically */
function problemOf({ part, element, kind }: IdentityRefused): Problem {
  if (kind === 'too-low') return element === 'id_assurance_level' ? 'assurance' : 'authenticator';
  return part === 'callback' && element === 'access_denied' ? 'cancelled' : 'failed';
}
