import { FAULTS, type FaultCode } from './fault-codes';

export interface FaultDetails {
  /** What is wrong, for a developer. Never a name, an address or an NHS number of a person other than the caller's input. */
  diagnostics?: string;
  /** FHIRPath of the element at fault, e.g. `Patient.name[0].family`. */
  expression?: string;
  /** Replaces the code's usual display, where the national API's varies. */
  display?: string;
  /** Replaces the code's usual HTTP status, where the national API's varies. */
  status?: number;
  /** Replaces the code's usual FHIR issue type. */
  issueCode?: string;
  /** Extra response headers, e.g. `retry-after`, `www-authenticate`. */
  headers?: Record<string, string>;
  /** Code system of an API that has one of its own. */
  system?: string;
  /** Further faults of the same request, for an API that tells all of them at once. */
  further?: Fault[];
}

/**
 * The one way in which a rule refuses: a code of the Spine error list with what the caller should know.
 * Rules throw it and know nothing of HTTP; service-kit turns it into an OperationOutcome.
 *
 * @see demographics specification, "Errors": clients branch on the code
 */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly code: FaultCode,
    readonly details: FaultDetails = {},
  ) {
    super(details.diagnostics ?? FAULTS[code].display);
  }

  get status(): number {
    return this.details.status ?? FAULTS[this.code].status;
  }

  toOperationOutcome(): OperationOutcome {
    return { resourceType: 'OperationOutcome', issue: [this, ...(this.details.further ?? [])].map((fault) => fault.toIssue()) };
  }

  private toIssue(): OperationOutcome['issue'][number] {
    const { issueCode, severity, display } = FAULTS[this.code];
    const { diagnostics, expression, system } = this.details;
    const coding = { code: this.code, display: this.details.display ?? display };
    return {
      severity,
      code: this.details.issueCode ?? issueCode,
      details: { coding: [system === undefined ? { system: SPINE_ERROR_SYSTEM, version: '1', ...coding } : { system, ...coding }] },
      ...(diagnostics !== undefined && { diagnostics }),
      ...(expression !== undefined && { expression: [expression] }),
    };
  }
}

export const SPINE_ERROR_SYSTEM = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode';

export interface OperationOutcome {
  resourceType: 'OperationOutcome';
  issue: {
    severity: 'fatal' | 'error' | 'warning' | 'information';
    code: string;
    details: { coding: { system: string; version?: string; code: string; display: string }[] };
    diagnostics?: string;
    expression?: string[];
  }[];
}
