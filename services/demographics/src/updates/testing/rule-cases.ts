import type { Patient } from '@carespine/fhir';
import { aPatient } from './example-patients';
import { outcomeOf } from './outcome-of';

/** One rule of the specification with a request that keeps or breaks it. */
export interface Case {
  rule: string;
  patches: unknown[];
  record?: Patient;
  /** Refusal as `code: diagnostics`; absent where the update is accepted. */
  refused?: string;
  /** Parts of the new record. */
  then?: object;
  /** A member that the new record no longer has. */
  gone?: keyof Patient;
}

export const add = (list: string, value: unknown) => ({ op: 'add', path: `/${list}/-`, value });
export const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });
export const test = (path: string, value: unknown) => ({ op: 'test', path, value });
export const remove = (path: string) => ({ op: 'remove', path });

export const invalid = (value: string, path: string) => `INVALID_VALUE: Invalid value - '${value}' in field '${path}'`;
export const missing = (path: string) => `MISSING_VALUE: Missing value - '${path}'`;
export const additional = (name: string) =>
  `ADDITIONAL_PROPERTIES: Invalid request with error - Additional properties are not allowed ('${name}' was unexpected)`;
export const tooMany = (value: string, path: string) =>
  `TOO_MANY_VALUES_SUBMITTED: Too many values submitted - ${value} in field '${path}'`;
export const tooFew = (value: string, path: string) => `TOO_FEW_VALUES_SUBMITTED: Too few values submitted - ${value} in field '${path}'`;
export const update = (reason: string) => `INVALID_UPDATE: Invalid update with error - ${reason}`;
export const forbidden = (reason: string) => `FORBIDDEN_UPDATE: Forbidden update with error - ${reason}`;

/** Tests a table of rules; records that a case does not name are {@link aPatient}, of version 2. */
export function describeRules(section: string, cases: readonly Case[]): void {
  describe(`PDS update, ${section}`, () => {
    it.each(cases)('$rule', ({ record = aPatient(), patches, refused, then = {}, gone }) => {
      const outcome = outcomeOf(record, { patches });
      if (refused !== undefined) expect(outcome).toBe(refused);
      else expect(outcome).toMatchObject({ ...then, meta: { versionId: '3' } });
      if (gone !== undefined) expect(outcome).not.toHaveProperty(gone);
    });
  });
}
