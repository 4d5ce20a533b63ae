import { Logger } from '@nestjs/common';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, importJWK, SignJWT, type JWK_RSA_Private } from 'jose';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { AuthorizationCode, Configuration, errors, Grant, JWK, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { ACR_VALUES } from '../authenticators/authenticators';
import type { SimulatorConfig } from '../config';
import type { Pages } from '../pages/pages';
import type { People } from '../people/people';
import { sendLogoutTokens } from '../sessions/logout-tokens';
import { CLAIMS, idTokenClaims, userInfoClaims, type Authorisation } from './claims';
import { readClients } from './clients';
import type { MemoryStore } from './memory-store';
import { prompts, SELECT_ROLE, type RoleChoice } from './prompts';

const logger = new Logger('OpenIdProvider');
const TWELVE_HOURS = 12 * 60 * 60;

/**
 * CIS2 as oidc-provider plays it: the issuer's paths, authorisation code flow with PKCE only, RS256 tokens with CIS2's claims.
 *
 * @throws Error when a client's registration is faulty
 */
export async function createOpenIdProvider(config: SimulatorConfig, people: People, pages: Pages, store: MemoryStore): Promise<Provider> {
  const library = await import('oidc-provider');
  const clients = readClients(config.CLIENTS);
  const signingKey = await signingKeyOf(config);
  const authorisations = store.adapter('Authorisation');
  const authorisationOf = async (grantId = ''): Promise<Authorisation> => {
    const row = await authorisations.find(grantId);
    return (row && row.extra) || {};
  };

  const page = (ctx: KoaContextWithOIDC, view: string, data: object): void => {
    ctx.set(pages.headers);
    ctx.body = pages.html(view, data);
  };

  const settings: Configuration = {
    adapter: (model: string) => store.adapter(model),
    jwks: { keys: [signingKey] },
    cookies: {
      // Cookies know no ports: the names keep the simulator apart from whatever else runs on this host.
      names: { session: 'cis2_simulator_session', interaction: 'cis2_simulator_interaction', resume: 'cis2_simulator_resume' },
      keys: [randomBytes(32).toString('base64url')],
    },
    routes: {
      authorization: '/authorize',
      token: '/access_token',
      userinfo: '/userinfo',
      jwks: '/connect/jwk_uri',
      end_session: '/connect/endSession',
    },
    clients,
    clientAuthMethods: ['private_key_jwt', 'client_secret_post'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS512'], idTokenSigningAlgValues: ['RS256'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    acrValues: ACR_VALUES,
    claims: CLAIMS,
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: signOut,
        postLogoutSuccessSource: (ctx) => page(ctx, 'message', { title: 'You are signed out', text: 'Your CIS2 session has ended.' }),
      },
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 600,
      Grant: TWELVE_HOURS,
      Session: TWELVE_HOURS,
    },
    // Relying parties run on this host or in this cluster, where the library's default guard refuses to call.
    fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    interactions: { policy: prompts(library, people), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: (ctx, { error, error_description }) =>
      page(ctx, 'message', { title: 'CIS2 cannot sign you in', text: error_description ?? error, code: error }),
    findAccount: (ctx, id, token) => {
      const person = people.find(id);
      if (!person) return undefined;
      const info = people.userInfo(person);
      const claims = async (use: string) => {
        const authorisation = await authorisationOf(token?.grantId);
        if (use !== 'id_token') return userInfoClaims(info, authorisation);
        return idTokenClaims(ctx, info, token as AuthorizationCode, authorisation);
      };
      return { accountId: id, claims };
    },
    loadExistingGrant: grantAll,
  };
  const provider: Provider = new library.Provider(config.ISSUER, settings);
  provider.proxy = config.ISSUER.startsWith('https:');
  provider.on('server_error', (_ctx, error) => logger.error(error));
  provider.use(async (ctx, next) => {
    await next();
    await addTokenType(ctx.body);
  });
  for (const client of clients) await checkRegistration(client.client_id);
  return provider;

  async function checkRegistration(clientId: string): Promise<void> {
    try {
      await provider.Client.find(clientId);
    } catch (error) {
      throw new Error(`CLIENTS: ${clientId}: ${(error as errors.OIDCProviderError).error_description ?? String(error)}`, { cause: error });
    }
  }

  /** CIS2 asks for no consent: each authorisation is granted what it asks for. It remembers the role that was picked for it. */
  async function grantAll({ oidc }: KoaContextWithOIDC): Promise<Grant> {
    const accountId = oidc.session?.accountId ?? '';
    const grant = new provider.Grant({ accountId, clientId: oidc.client?.clientId });
    grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '));
    const grantId = await grant.save();

    const roles = people.find(accountId)?.roles ?? [];
    const choice = oidc.result?.[SELECT_ROLE] as RoleChoice | undefined;
    const selectedRoleId = choice ? (choice.roleId ?? undefined) : roles.length === 1 ? roles[0]?.id : undefined;
    await authorisations.upsert(grantId, { extra: { selectedRoleId, state: oidc.params?.['state'] } }, TWELVE_HOURS);
    return grant;
  }

  /** CIS2 signs out at once when the application shows whose session it means; else it asks. */
  async function signOut(ctx: KoaContextWithOIDC, form: string): Promise<void> {
    const { session, entities } = ctx.oidc;
    const { IdTokenHint: hint } = entities as { IdTokenHint?: { payload: { sub?: string } } };
    if (!session || hint?.payload.sub !== session.accountId) return page(ctx, 'sign-out', { form });

    const { postLogoutRedirectUri, state } = session.state as { postLogoutRedirectUri?: string; state?: string };
    await session.destroy();
    await sendLogoutTokens(provider, session);
    const location = new URL(postLogoutRedirectUri ?? ctx.oidc.urlFor('end_session_success'));
    if (postLogoutRedirectUri && state !== undefined) location.searchParams.set('state', state);
    ctx.status = 303;
    ctx.redirect(location.href);
  }

  /** CIS2 writes `typ: JWT` into the header of ID tokens and oidc-provider does not, so the token is signed again. */
  async function addTokenType(body: unknown): Promise<void> {
    if (typeof body !== 'object' || body === null || !('id_token' in body) || typeof body.id_token !== 'string') return;
    const header = decodeProtectedHeader(body.id_token);
    body.id_token = await new SignJWT(decodeJwt(body.id_token))
      .setProtectedHeader({ ...header, alg: 'RS256', typ: 'JWT' })
      .sign(await importJWK(signingKey, 'RS256'));
  }
}

async function signingKeyOf(config: SimulatorConfig): Promise<JWK & JWK_RSA_Private> {
  let jwk = config.signingKey;
  if (!jwk) {
    logger.warn('SIGNING_JWK is not set: made a signing key that lasts until this process ends');
    jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }) as JWK_RSA_Private;
  }
  return { ...jwk, use: 'sig', alg: 'RS256', kid: jwk.kid ?? (await calculateJwkThumbprint(jwk)) };
}
