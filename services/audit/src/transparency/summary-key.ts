import { createHash } from 'node:crypto';

/** Keys patients in summaries: HMAC-SHA-256 in two halves, which PostgreSQL can finish over every patient in one statement. */
export class SummaryKey {
  readonly inner: Buffer;
  readonly outer: Buffer;

  /** @param secret PATIENT_KEY_SECRET */
  constructor(secret: string) {
    const key = createHash('sha256').update(`carespine.summary.v1\n${secret}`).digest();
    const padded = Buffer.concat([key, Buffer.alloc(32)]);
    this.inner = padded.map((byte) => byte ^ 0x36) as Buffer;
    this.outer = padded.map((byte) => byte ^ 0x5c) as Buffer;
  }

  of(nhsNumber: string): Buffer {
    const inner = createHash('sha256').update(this.inner).update(nhsNumber).digest();
    return createHash('sha256').update(this.outer).update(inner).digest();
  }
}
