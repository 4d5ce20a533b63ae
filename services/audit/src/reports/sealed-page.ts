import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { StoreConfig } from '@carespine/service-kit';
import { invalid } from '../parameters';

/** Where a page of enquiries begins is a user and a patient: sealed, because addresses must name neither. */
@Injectable()
export class SealedPage {
  private readonly key: Buffer;

  constructor(config: StoreConfig) {
    this.key = Buffer.from(hkdfSync('sha256', config.PATIENT_KEY_SECRET, '', 'pages of reports', 32));
  }

  seal(place: string[]): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    return Buffer.concat([nonce, cipher.update(JSON.stringify(place)), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  /** @throws Fault when it is not one of ours */
  open(page: string): string[] {
    try {
      const bytes = Buffer.from(page, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(bytes.subarray(-16));
      return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString()) as string[];
    } catch {
      throw invalid(page, '_page');
    }
  }
}
