import { Fault } from '@carespine/fhir';
import { MalformedBody } from '@carespine/service-kit';

/**
 * The members of a JSON object.
 *
 * @throws Fault for what is no object, or holds a member that is not known
 */
export function membersOf(body: unknown, known: readonly string[]): Record<string, unknown> {
  if (body instanceof MalformedBody || typeof body !== 'object' || body === null || Array.isArray(body) || Buffer.isBuffer(body)) {
    throw new Fault('VALIDATION_ERROR', { diagnostics: 'The body must be a JSON object' });
  }
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const name = unknown.slice(0, 50);
    throw new Fault('ADDITIONAL_PROPERTIES', { diagnostics: `Invalid request with error - Additional properties are not allowed ('${name}' was unexpected)`, expression: name });
  }
  return body as Record<string, unknown>;
}

export const invalid = (name: string, why: string): Fault => new Fault('INVALID_VALUE', { diagnostics: `Invalid value in field '${name}': ${why}`, expression: name });
export const missing = (name: string): Fault => new Fault('MISSING_VALUE', { diagnostics: `Missing value - '${name}'`, expression: name });

/** @throws Fault unless the value is a whole number within the bounds */
export function wholeNumber(value: unknown, name: string, least: number, most: number): number {
  if (value === undefined) throw missing(name);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) throw invalid(name, `a whole number from ${least} to ${most}`);
  return value;
}

/** @throws Fault unless the value is text that says something, of no control characters but line breaks */
export function text(value: unknown, name: string, longest: number): string {
  if (value === undefined || value === null || value === '') throw missing(name);
  if (typeof value !== 'string' || value.length > longest || /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\p{Surrogate}/u.test(value)) throw invalid(name, `text of at most ${longest} characters`);
  if (value.trim() === '') throw missing(name);
  return value.trim();
}

/** @throws Fault unless the value is one of the words */
export function oneOf<T extends string>(value: unknown, name: string, words: readonly T[]): T {
  if (value === undefined) throw missing(name);
  const word = words.find((one) => one === value);
  if (word === undefined) throw invalid(name, `one of ${words.join(', ')}`);
  return word;
}

/** @throws Fault unless the value is true or false */
export function yesOrNo(value: unknown, name: string): boolean {
  if (value === undefined) throw missing(name);
  if (typeof value !== 'boolean') throw invalid(name, 'true or false');
  return value;
}

/** Query parameters as a record, each at most once (or several times where `repeatable`). @throws Fault naming the parameter */
export function parametersOf(parameters: Record<string, unknown>, known: readonly string[], repeatable: readonly string[] = []): Record<string, string[]> {
  membersOf(parameters, known);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      const values = [value].flat();
      if (values.some((one) => typeof one !== 'string' || one === '' || one.length > 500) || (values.length > 1 && !repeatable.includes(name))) throw invalid(name, 'given once, not empty');
      return [name, values as string[]];
    }),
  );
}
