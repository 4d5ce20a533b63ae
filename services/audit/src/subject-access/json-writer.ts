import type { AccountAccess, AccountHead, AccountTail, AccountWriter } from './account';
import { COMPLAIN, leftOutInWords, TERMS } from './plain-words';

/** The answer for machines: what the document says, and the proofs that it is whole. */
export class JsonWriter implements AccountWriter {
  private text = '';
  private isFirst = true;

  begin({ namesWithheld, ...head }: AccountHead): void {
    const before = JSON.stringify({ format: 'carespine-subject-access/1', ...head, ...(namesWithheld !== undefined && { namesWithheld }) });
    this.text += `${before.slice(0, -1)},"accesses":[`;
  }

  access(access: AccountAccess): void {
    this.text += `${this.isFirst ? '\n' : ',\n'}${JSON.stringify(access)}`;
    this.isFirst = false;
  }

  end({ accesses, alerts, namesWithheldBy, isPartial, checkpoints, chains }: AccountTail): Promise<void> {
    const after = JSON.stringify({
      numberOfAccesses: accesses,
      alerts,
      namesWithheldBy,
      isPartial,
      leftOut: leftOutInWords(isPartial),
      terms: Object.fromEntries(TERMS),
      complaints: COMPLAIN,
      proof: { checkpoints, chains },
    });
    this.text += `\n],${after.slice(1)}\n`;
    return Promise.resolve();
  }

  drain(): Buffer {
    const bytes = Buffer.from(this.text);
    this.text = '';
    return bytes;
  }
}
