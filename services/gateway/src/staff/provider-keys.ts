import { createLocalJWKSet, errors, type CryptoKey, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import type { Clock } from '../sessions/clock';
import { IdentityRefused } from './identity-refused';

/** A key that the provider took out of its set is believed no longer than this. */
const KEPT_MS = 10 * 60_000;
/** Least time between two fetches that unknown key ids cause: strangers can make those up. */
const PAUSE_MS = 30_000;

/** The keys with which an identity provider signs. */
export class ProviderKeys {
  private known?: ReturnType<typeof createLocalJWKSet>;
  private fetchedAtMs = -Infinity;
  private fetching?: Promise<void>;

  /** @param fetchKeys asks the provider for its JSON Web Key Set */
  constructor(
    private readonly fetchKeys: () => Promise<JSONWebKeySet>,
    private readonly clock: Clock,
  ) {}

  /**
   * The RSA signature key that a token's header names.
   *
   * @throws IdentityRefused `keys.unreachable`, or `id_token.kid` when the set has no such key, or not exactly one
   */
  async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (!this.known || this.ageMs() > KEPT_MS) await this.refresh();
    try {
      return await this.select(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.ageMs() < PAUSE_MS) throw unusable(error);
      await this.refresh();
      return await this.select(header).catch((still: unknown) => {
        throw unusable(still);
      });
    }
  }

  private ageMs(): number {
    return this.clock.nowMs() - this.fetchedAtMs;
  }

  private async select(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (!this.known) throw new IdentityRefused('keys', 'unreachable');
    return this.known({ alg: 'RS256', kid: header.kid });
  }

  private refresh(): Promise<void> {
    this.fetching ??= (async () => {
      try {
        this.known = createLocalJWKSet(await this.fetchKeys());
        this.fetchedAtMs = this.clock.nowMs();
      } catch (cause) {
        throw new IdentityRefused('keys', 'unreachable', 'wrong', { cause });
      } finally {
        this.fetching = undefined;
      }
    })();
    return this.fetching;
  }
}

const unusable = (error: unknown): unknown =>
  error instanceof errors.JOSEError ? new IdentityRefused('keys', 'kid', 'wrong', { cause: error }) : error;
