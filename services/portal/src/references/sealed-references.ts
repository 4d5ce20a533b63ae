import { Injectable } from '@nestjs/common';
import { CompactEncrypt, compactDecrypt } from 'jose';
import type { Principal } from '@carespine/access-control';
import { PortalConfig } from '../config';

/**
 * Puts what a page's address must carry, but must not show, into the address: an encrypted reference that only the portal
 * can read and that holds only in the session it was made in. No NHS number or name ever stands in a URL, a browser's
 * history or a proxy's log.
 *
 * @see RFC 7516, compact serialization with `dir` and A256GCM
 */
@Injectable()
export class SealedReferences {
  private readonly key: Uint8Array;

  constructor(config: PortalConfig) {
    this.key = Buffer.from(config.PORTAL_REFERENCE_KEY, 'base64url');
  }

  /** @param content what the page needs, JSON without undefined values */
  async seal(sessionId: string, content: unknown): Promise<string> {
    const text = new TextEncoder().encode(JSON.stringify({ s: sessionId, c: content }));
    return new CompactEncrypt(text).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(this.key);
  }

  /** @throws ReferenceRefused when it is forged, damaged or of another session */
  async open<T>(sessionId: string, reference: string): Promise<T> {
    const opened = await compactDecrypt(reference, this.key, { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] })
      .then(({ plaintext }) => JSON.parse(new TextDecoder().decode(plaintext)) as { s: string; c: T })
      .catch(() => undefined);
    if (opened?.s !== sessionId) throw new ReferenceRefused();
    return opened.c;
  }

  patient(sessionId: string, nhsNumber: string): Promise<string> {
    return this.seal(sessionId, { nhsNumber });
  }

  async nhsNumber(sessionId: string, reference: string): Promise<string> {
    const { nhsNumber } = await this.open<{ nhsNumber?: string }>(sessionId, reference);
    if (!nhsNumber) throw new ReferenceRefused();
    return nhsNumber;
  }
}

/** The address of the page does not hold, or no longer: it belongs to another session. */
export class ReferenceRefused extends Error {}

/** What references are bound to. */
export const sessionOf = (who: Principal): string => who.session?.id ?? who.tokenId;
