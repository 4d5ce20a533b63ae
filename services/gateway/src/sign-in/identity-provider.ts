import { Injectable, type OnModuleInit } from '@nestjs/common';
import { importJWK, type CryptoKey, type JSONWebKeySet, type JWK } from 'jose';
import * as client from 'openid-client';
import { ConfigError } from '@carespine/service-kit';
import { GatewayConfig } from '../config';
import { Clock } from '../sessions/clock';
import { verifyIdToken, type IdTokenExpectations, type VerifiedIdToken } from '../staff/id-token';
import { IdentityRefused, type Part } from '../staff/identity-refused';
import { ProviderKeys } from '../staff/provider-keys';
import { isSafeAddress } from './issuer';
import { fetchFromProvider, ProviderUnreachable } from './provider-fetch';

const TIMEOUT_SECONDS = 5;
/** Endpoints are read anew after this long; the former ones serve on while the provider cannot be asked. */
const METADATA_KEPT_MS = 60 * 60_000;

/** What an authorization request asks for. */
export interface AuthorizationRequest {
  redirectUri: string;
  scope: string;
  acrValues: string;
  state: string;
  nonce: string;
  codeVerifier: string;
  maxAgeSeconds: number;
  prompt?: 'login';
}

/** What the answer to an authorization request is held against. */
export interface CodeExchange extends Pick<IdTokenExpectations, 'minAal' | 'authenticatedAfterMs'> {
  state: string;
  nonce: string;
  codeVerifier: string;
  acrValues: string;
  maxAuthAgeSeconds: number;
}

/** What was had for a code. */
export interface ExchangedCode {
  idToken: string;
  accessToken: string;
  verified: VerifiedIdToken;
}

/**
 * NHS CIS2, or any OpenID provider of its shape. Asked for its endpoints when they are first needed, so that the gateway
 * starts while the provider is down.
 *
 * @see identity and access specification, "CIS2 as OpenID provider"
 */
@Injectable()
export class IdentityProvider implements OnModuleInit {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: ProviderKeys;
  private readonly insecure: boolean;
  private clientKey?: client.PrivateKey;
  private metadata?: client.ServerMetadata;
  private metadataReadAtMs = 0;

  /** @throws ConfigError for an issuer that is neither https nor on this machine */
  constructor(
    private readonly config: GatewayConfig,
    private readonly clock: Clock,
  ) {
    this.issuer = config.CIS2_ISSUER;
    this.clientId = config.CIS2_CLIENT_ID;
    if (!isSafeAddress(this.issuer)) throw new ConfigError('CIS2_ISSUER must be an https address; plain http is for this machine alone');
    this.insecure = this.issuer.startsWith('http:');
    this.keys = new ProviderKeys(() => this.fetchKeys(), clock);
  }

  async onModuleInit(): Promise<void> {
    const jwk = JSON.parse(this.config.CIS2_CLIENT_PRIVATE_JWK) as JWK;
    const key = await importJWK({ ...jwk, alg: 'RS512' }, 'RS512').catch(() => undefined);
    if (!key || key instanceof Uint8Array || key.type !== 'private') {
      throw new ConfigError('CIS2_CLIENT_PRIVATE_JWK must be a private RSA key');
    }
    this.clientKey = { key: key as CryptoKey, kid: jwk.kid };
  }

  /** @throws IdentityRefused `discovery.unreachable`, `discovery.metadata` */
  async authorizationUrl(request: AuthorizationRequest): Promise<URL> {
    return client.buildAuthorizationUrl(await this.configuration(), {
      redirect_uri: request.redirectUri,
      scope: request.scope,
      acr_values: request.acrValues,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256',
      max_age: String(request.maxAgeSeconds),
      ...(request.prompt && { prompt: request.prompt }),
    });
  }

  /**
   * Exchanges the code of a callback and verifies what comes back: by openid-client and by our own rules. Where both
   * refuse, ours name the fault, since they follow the order of the specification.
   *
   * @throws IdentityRefused
   */
  async exchange(callback: URL, expected: CodeExchange): Promise<ExchangedCode> {
    let asked = false;
    let answer: { id_token?: unknown; access_token?: unknown } = {};
    const configuration = await this.configuration(async (url, options) => {
      asked = true;
      const response = await fetchFromProvider(url, options);
      answer = ((await response.clone().json()) as typeof answer | null) ?? {};
      return response;
    });
    const verify = async (idToken: string, accessToken: string): Promise<ExchangedCode> => ({
      idToken,
      accessToken,
      verified: await this.verify(idToken, { ...expected, accessToken }),
    });
    try {
      const tokens = await client.authorizationCodeGrant(configuration, callback, {
        expectedState: expected.state,
        expectedNonce: expected.nonce,
        pkceCodeVerifier: expected.codeVerifier,
        maxAge: expected.maxAuthAgeSeconds,
        idTokenExpected: true,
      });
      return await verify(tokens.id_token ?? '', tokens.access_token);
    } catch (error) {
      if (error instanceof IdentityRefused) throw error;
      const { id_token, access_token } = answer;
      if (typeof id_token === 'string' && typeof access_token === 'string') await verify(id_token, access_token);
      throw refusalOf(error, asked);
    }
  }

  /** @throws IdentityRefused `userinfo.sub`, `userinfo.answer` */
  async userinfo(accessToken: string, userId: string): Promise<unknown> {
    const configuration = await this.configuration();
    try {
      return await client.fetchUserInfo(configuration, accessToken, userId);
    } catch (error) {
      const isOfAnother = error instanceof client.ClientError && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';
      throw new IdentityRefused('userinfo', isOfAnother ? 'sub' : 'answer', 'wrong', { cause: error });
    }
  }

  /** Where a user's session at the provider ends; undefined when the provider has no such place or cannot be asked. */
  async endSessionUrl(idToken: string, returnTo: string): Promise<URL | undefined> {
    try {
      return client.buildEndSessionUrl(await this.configuration(), { id_token_hint: idToken, post_logout_redirect_uri: returnTo });
    } catch {
      return undefined;
    }
  }

  private verify(idToken: string, expected: CodeExchange & { accessToken: string }): Promise<VerifiedIdToken> {
    return verifyIdToken(idToken, {
      ...expected,
      issuers: [{ issuer: this.issuer, keys: this.keys }],
      audiences: [this.clientId],
      nowMs: this.clock.nowMs(),
    });
  }

  /** @param fetch of this one conversation */
  private async configuration(fetch: client.CustomFetch = fetchFromProvider): Promise<client.Configuration> {
    const metadata = await this.discovered();
    const configuration = new client.Configuration(
      metadata,
      this.clientId,
      { id_token_signed_response_alg: 'RS256', [client.clockTolerance]: 5 },
      this.clientAuthentication(metadata),
    );
    configuration.timeout = TIMEOUT_SECONDS;
    configuration[client.customFetch] = fetch;
    if (this.insecure) client.allowInsecureRequests(configuration);
    return configuration;
  }

  /** CIS2 wants the assertion addressed to its token endpoint, and typed. */
  private clientAuthentication({ token_endpoint }: client.ServerMetadata): client.ClientAuth {
    if (!this.clientKey) throw new Error('not initialised');
    return client.PrivateKeyJwt(this.clientKey, {
      [client.modifyAssertion]: (header, payload) => {
        header['typ'] = 'JWT';
        payload['aud'] = token_endpoint;
      },
    });
  }

  private async discovered(): Promise<client.ServerMetadata> {
    if (this.metadata && this.clock.nowMs() - this.metadataReadAtMs < METADATA_KEPT_MS) return this.metadata;
    try {
      this.metadata = await this.discover();
    } catch (error) {
      if (!this.metadata) throw error;
    }
    this.metadataReadAtMs = this.clock.nowMs();
    return this.metadata;
  }

  private async discover(): Promise<client.ServerMetadata> {
    const discovered = await client
      .discovery(new URL(this.issuer), this.clientId, undefined, client.None(), {
        timeout: TIMEOUT_SECONDS,
        [client.customFetch]: fetchFromProvider,
        execute: this.insecure ? [client.allowInsecureRequests] : [],
      })
      .catch((cause: unknown) => {
        throw new IdentityRefused('discovery', 'unreachable', 'wrong', { cause });
      });
    const metadata = discovered.serverMetadata();
    const endpoints = [metadata.authorization_endpoint, metadata.token_endpoint, metadata.userinfo_endpoint, metadata.jwks_uri];
    if (metadata.end_session_endpoint !== undefined) endpoints.push(metadata.end_session_endpoint);
    const areSafe = endpoints.every((endpoint) => typeof endpoint === 'string' && isSafeAddress(endpoint));
    // the issuer is compared to the letter: CIS2's carries an explicit port
    if (metadata.issuer !== this.issuer || !areSafe) throw new IdentityRefused('discovery', 'metadata');
    return metadata;
  }

  private async fetchKeys(): Promise<JSONWebKeySet> {
    const { jwks_uri } = await this.discovered();
    const response = await fetchFromProvider(jwks_uri ?? '', {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    });
    if (response.status !== 200) throw new Error(`the key set answers ${response.status}`);
    return (await response.json()) as JSONWebKeySet;
  }
}

function refusalOf(error: unknown, asked: boolean): IdentityRefused {
  const refuse = (part: Part, element: string): IdentityRefused => new IdentityRefused(part, element, 'wrong', { cause: error });
  if (error instanceof client.AuthorizationResponseError) {
    return refuse('callback', error.error === 'access_denied' ? 'access_denied' : 'error');
  }
  if (!asked) return refuse('callback', 'parameters');
  if (error instanceof client.ResponseBodyError) return refuse('token_endpoint', 'error');
  return refuse('token_endpoint', error instanceof Error && error.cause instanceof ProviderUnreachable ? 'unreachable' : 'answer');
}
