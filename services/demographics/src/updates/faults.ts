import { Fault, type FaultCode } from '@carespine/fhir';
import { printed } from './json';

/*
 * The refusals of an update, with the diagnostics that the specification gives as patterns ("Errors", common patterns).
 * `path` is a place in the patient or in the body, with `/` between its parts and none in front: `name/0/family`, `0/op`.
 */

const refusal = (code: FaultCode, diagnostics: string, path?: string): Fault =>
  new Fault(code, { diagnostics, expression: path === undefined ? undefined : fhirPath(path) });

export const missingValue = (path: string): Fault => refusal('MISSING_VALUE', `Missing value - '${path}'`, path);

export const invalidValue = (value: unknown, path: string): Fault =>
  refusal('INVALID_VALUE', `Invalid value - '${printed(value)}' in field '${path}'`, path);

/** A value that records may hold from former times and that nobody may set any more. */
export const unsupportedValue = (value: unknown, path: string): Fault =>
  refusal('UNSUPPORTED_VALUE', `Unsupported value - '${printed(value)}' in field '${path}'`, path);

export const unsupportedCharacters = (value: unknown, path: string): Fault =>
  refusal('UNSUPPORTED_CHARACTERS_IN_FIELD', `Unsupported characters - '${printed(value)}' in field '${path}'`, path);

export const tooManyValues = (value: unknown, path: string): Fault =>
  refusal('TOO_MANY_VALUES_SUBMITTED', `Too many values submitted - ${printed(value)} in field '${path}'`, path);

export const tooFewValues = (value: unknown, path: string): Fault =>
  refusal('TOO_FEW_VALUES_SUBMITTED', `Too few values submitted - ${printed(value)} in field '${path}'`, path);

export const additionalProperties = (names: readonly string[], path?: string): Fault => {
  const quoted = printed(names.map((name) => `'${name}'`).join(', '));
  const verb = names.length === 1 ? 'was' : 'were';
  return refusal(
    'ADDITIONAL_PROPERTIES',
    `Invalid request with error - Additional properties are not allowed (${quoted} ${verb} unexpected)`,
    path,
  );
};

export const invalidUpdate = (reason: string): Fault => refusal('INVALID_UPDATE', `Invalid update with error - ${reason}`);

/** The operation cannot be carried out on the record as it stands. */
export const invalidPatch = (reason: string): Fault => invalidUpdate(`Invalid patch - ${reason}`);

export const forbiddenUpdate = (reason: string): Fault => refusal('FORBIDDEN_UPDATE', `Forbidden update with error - ${reason}`);

export const forbiddenRemoval = (member: string): Fault => forbiddenUpdate(`source not permitted to remove '${member}'`);

/** `name/0/family` as `Patient.name[0].family`; undefined for a place in the body such as `0/op`. */
function fhirPath(path: string): string | undefined {
  if (!/^[a-z]/i.test(path) || path === 'patches') return undefined;
  const steps = path.split('/').map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`));
  return `Patient${steps.join('')}`;
}
