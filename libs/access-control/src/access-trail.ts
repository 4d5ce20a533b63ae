import type { NhsNumber } from '@carespine/fhir';

/** One patient whose data an answer holds. */
export interface Opened {
  nhsNumber: string;
  version?: string;
}

/** Collects, during a request, whose data it opens; each becomes an access record before the answer leaves. */
export class AccessTrail {
  readonly opened: Opened[] = [];
  /** v3-ActReason. */
  purpose = 'TREAT';
  /** What was asked, where it does not stand in the address. */
  query?: string;

  open(nhsNumber: NhsNumber | string, version?: string): void {
    this.opened.push({ nhsNumber, version });
  }
}
