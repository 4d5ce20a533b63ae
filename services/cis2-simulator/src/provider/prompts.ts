import type { interactionPolicy, KoaContextWithOIDC } from 'oidc-provider';
import { authenticatorsFor } from '../authenticators/authenticators';
import type { People } from '../people/people';

/** What the role page answers: the role that the user picked, or null for "decide later". */
export interface RoleChoice {
  roleId: string | null;
}

export const SELECT_ROLE = 'select_role';

/**
 * When CIS2 asks the user something: to sign in, then to pick a role. It never asks for consent.
 * Refuses authorisation requests without `state` or `nonce`, and `acr_values` that CIS2 does not have.
 */
export function prompts(library: typeof import('oidc-provider'), people: People): interactionPolicy.Prompt[] {
  const { errors } = library;
  const { base, Check, Prompt } = library.interactionPolicy;
  const policy = base();
  policy.remove('consent');

  const fitting = (ctx: KoaContextWithOIDC): string[] => {
    const authenticators = authenticatorsFor(ctx.oidc.params?.['acr_values'] as string | undefined);
    if (!authenticators) throw new errors.InvalidRequest('acr_values holds a value that is not supported');
    return authenticators.map(({ acr }) => acr);
  };

  const login = policy.get('login');
  login?.checks.add(
    new Check('state_and_nonce', 'state and nonce are required', (ctx) => {
      for (const name of ['state', 'nonce']) {
        if (!ctx.oidc.params?.[name]) throw new errors.InvalidRequest(`missing required parameter '${name}'`);
      }
      return Check.NO_NEED_TO_PROMPT;
    }),
  );
  // A step-up is a new request with stronger acr_values: the session's authenticator then no longer fits.
  login?.checks.add(
    new Check('acr_values', 'the session was signed in with another authenticator than is asked for', (ctx) =>
      !fitting(ctx).includes(ctx.oidc.session?.acr ?? ''),
    ),
  );

  policy.add(
    new Prompt(
      { name: SELECT_ROLE },
      new Check('several_roles', 'the user has several roles', (ctx) => {
        const roles = people.find(ctx.oidc.session?.accountId ?? '')?.roles ?? [];
        const asked = ctx.oidc.result?.[SELECT_ROLE] !== undefined;
        return ctx.oidc.requestParamScopes.has('selectedrole') && roles.length > 1 && !asked;
      }),
    ),
  );
  return policy;
}
