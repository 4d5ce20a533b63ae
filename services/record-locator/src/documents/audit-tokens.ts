import { importJWK, SignJWT, UnsecuredJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { randomUUID } from 'node:crypto';
import { ConfigError } from '@carespine/service-kit';
import type { ProviderEndpoint } from './provider-registry';

/** Long enough for the slowest document to begin. */
const AUDIT_SECONDS = 300;
/** A launch is opened at once or not at all. */
const LAUNCH_SECONDS = 60;

/** Who asks, for which organisation (ODS code); no user where an application asks by itself. */
export interface Requester {
  userId: string | undefined;
  organisation: string;
}

/** Says to a provider who asks, for which organisation, through which system, and why. */
export class AuditTokens {
  private constructor(
    private readonly issuer: string,
    readonly systemAsid: string,
    private readonly key: CryptoKey,
    private readonly header: { alg: string; kid?: string },
  ) {}

  /**
   * @param issuer public address of the platform
   * @param systemAsid accredited system id of the platform, 12 digits
   * @param jwk private key that signs, with its `alg`: EdDSA, or one of RSA
   * @throws ConfigError
   */
  static async open(issuer: string, systemAsid: string, jwk: string): Promise<AuditTokens> {
    const { alg = '', kid, ...rest } = JSON.parse(jwk) as JWK;
    const key = /^(EdDSA|[RP]S(256|384|512))$/.test(alg) && rest.d ? await importJWK(rest, alg).catch(() => undefined) : undefined;
    if (!key || key instanceof Uint8Array) throw new ConfigError('AUDIT_TOKEN_JWK: must be a private key with its alg, EdDSA or of RSA');
    return new AuditTokens(issuer, systemAsid, key, { alg, kid });
  }

  /**
   * The bearer token of one fetch.
   *
   * @param audience origin of the provider: the token says nothing to anybody else
   * @see record locator specification, "Spine Secure Proxy": the national token is unsigned
   */
  async audit(who: Requester, audience: string, form: ProviderEndpoint['auditToken']): Promise<string> {
    const claims = this.claimsOf(who, audience);
    if (form === 'signed') return (await this.sign(claims, AUDIT_SECONDS)).token;
    return new UnsecuredJWT(claims).setIssuedAt().setExpirationTime(`${AUDIT_SECONDS}s`).encode();
  }

  /**
   * Opens a provider's own viewer at one patient, once (`jti`): always signed, since it stands in place of a sign-in.
   *
   * @param traceId UUID under which both sides keep the access
   */
  async launch(who: Requester, audience: string, nhsNumber: string, traceId: string): Promise<{ token: string; expiresAt: Date; jti: string }> {
    const jti = randomUUID();
    return { ...(await this.sign({ ...this.claimsOf(who, audience), jti, trace_id: traceId, nhs_number: nhsNumber }, LAUNCH_SECONDS)), jti };
  }

  private claimsOf({ userId, organisation }: Requester, audience: string): JWTPayload {
    return {
      iss: this.issuer,
      aud: audience,
      ...(userId && { sub: userId, requesting_user: userId }),
      requesting_system: this.systemAsid,
      requesting_organization: organisation,
      reason_for_request: 'directcare',
    };
  }

  private async sign(claims: JWTPayload, seconds: number): Promise<{ token: string; expiresAt: Date }> {
    const expiresAt = Math.floor(Date.now() / 1000) + seconds;
    const token = await new SignJWT(claims)
      .setProtectedHeader({ ...this.header, typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .sign(this.key);
    return { token, expiresAt: new Date(expiresAt * 1000) };
  }
}
