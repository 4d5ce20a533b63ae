import { Injectable } from '@nestjs/common';
import type { CryptoKey, JSONWebKeySet } from 'jose';
import { Clock } from '../sessions/clock';
import type { Application } from './application';
import { importKeys } from './public-keys';

/** How long fetched keys are believed without asking again. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** Least time between two fetches for one application, whatever strangers send in its name. */
const PAUSE_MS = 30_000;
const TIMEOUT_MS = 3000;
const LARGEST_BYTES = 64 * 1024;

/** The key set of an application could not be had. */
export class KeysUnreachable extends Error {
  override readonly name = 'KeysUnreachable';
}

interface Kept {
  keys?: Map<string, CryptoKey>;
  keptSinceMs: number;
  triedAtMs: number;
  running?: Promise<void>;
}

/** The public keys with which applications sign. */
@Injectable()
export class ApplicationKeys {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly clock: Clock) {}

  /**
   * @returns undefined when the application has no key of that id
   * @throws KeysUnreachable
   * @see identity and access specification: key sets are kept 24 hours; fetched once more on an unknown `kid`, not too often
   */
  async find({ clientId, jwks, jwksUri }: Application, kid: string): Promise<CryptoKey | undefined> {
    let kept = this.kept.get(clientId);
    if (!kept) this.kept.set(clientId, (kept = { keptSinceMs: -Infinity, triedAtMs: -Infinity }));
    if (jwks) return (kept.keys ??= await importKeys(jwks)).get(kid);
    if (!jwksUri) return undefined;
    if (this.isStale(kept) || !kept.keys?.has(kid)) await this.fetchInto(kept, jwksUri);
    if (this.isStale(kept)) throw new KeysUnreachable();
    return kept.keys?.get(kid);
  }

  private isStale({ keptSinceMs }: Kept): boolean {
    return this.clock.nowMs() - keptSinceMs >= KEPT_MS;
  }

  private async fetchInto(kept: Kept, uri: string): Promise<void> {
    if (!kept.running && this.clock.nowMs() - kept.triedAtMs < PAUSE_MS) return;
    kept.running ??= (async () => {
      kept.triedAtMs = this.clock.nowMs();
      try {
        kept.keys = await importKeys(await fetchJwks(uri));
        kept.keptSinceMs = this.clock.nowMs();
      } catch {
        // the keys at hand go on serving as long as they may
      } finally {
        kept.running = undefined;
      }
    })();
    await kept.running;
  }
}

async function fetchJwks(uri: string): Promise<JSONWebKeySet> {
  const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: 'application/json' } });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > LARGEST_BYTES) throw new Error('key set too large');
    chunks.push(chunk as Uint8Array);
  }
  const content: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (!response.ok || typeof content !== 'object' || content === null || !('keys' in content) || !Array.isArray(content.keys)) {
    throw new Error('no key set');
  }
  return content as JSONWebKeySet;
}
