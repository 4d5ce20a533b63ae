import type { NhsNumber } from '@carespine/fhir';

/** One patient whose data an answer holds. */
export interface Opened {
  nhsNumber: string;
  version?: string;
  /** The patient shares surname and address with the user, by the demographics of both. */
  sameHousehold?: boolean;
}

/** Collects, during a request, whose data it opens; each becomes an access record before the answer leaves. */
export class AccessTrail {
  readonly opened: Opened[] = [];
  /** v3-ActReason. */
  purpose = 'TREAT';
  /** What was asked, where it does not stand in the address. */
  query?: string;
  /** Logical id of the resource, where its patient does not name it. */
  resourceId?: string;
  /** What the status of the answer does not say: why it is a refusal, or what was given; free of personal data. */
  reason?: string;

  open(nhsNumber: NhsNumber | string, version?: string, sameHousehold = false): void {
    this.opened.push({ nhsNumber, version, sameHousehold });
  }
}
