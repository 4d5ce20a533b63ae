import { Fault } from '@carespine/fhir';
import { MalformedBody } from '@carespine/service-kit';

/**
 * Reads query parameters, each given once at most.
 *
 * @param repeatable names that may come several times; read them from `parameters` itself
 * @throws Fault naming the parameter that is not known; reading one throws if it is empty or repeated
 */
export function readParameters(parameters: Record<string, unknown>, known: readonly string[], repeatable: readonly string[] = []): (name: string) => string | undefined {
  refuseUnknown(Object.keys(parameters), [...known, ...repeatable]);
  return (name) => {
    const value = parameters[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw invalid(value, name);
    return value;
  };
}

/**
 * @returns the members of a JSON object
 * @throws Fault when the body is none, or naming the members that are not known
 */
export function readBody(body: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof MalformedBody || body instanceof Uint8Array) {
    throw new Fault('VALIDATION_ERROR', { diagnostics: 'Invalid request with error - the body must be a JSON object' });
  }
  refuseUnknown(Object.keys(body), known);
  return body as Record<string, unknown>;
}

/** A member that must be a text of at most so many characters, without control characters but for line ends. */
export function textOf(members: Record<string, unknown>, name: string, longest: number): string | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '' || value.length > longest || CONTROL.test(value)) throw invalid(value, name);
  return value.trim();
}

export function requiredTextOf(members: Record<string, unknown>, name: string, longest: number): string {
  const text = textOf(members, name, longest);
  if (text === undefined) throw missing(name);
  return text;
}

export function pageSizeOf(count: string | undefined): number {
  const size = Number(count ?? 20);
  if (!/^\d{1,3}$/.test(count ?? '20') || size < 1 || size > 100) throw invalid(count, '_count');
  return size;
}

export const missing = (name: string): Fault => new Fault('MISSING_VALUE', { diagnostics: `Missing value - '${name}'`, expression: name });

export function invalid(value: unknown, name: string): Fault {
  const shown = typeof value === 'string' && value.length <= 100 ? value : '...';
  return new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${shown}' in field '${name}'`, expression: name });
}

export const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function refuseUnknown(given: string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.slice(0, 10).map((name) => `'${name.slice(0, 50)}'`);
  throw new Fault('ADDITIONAL_PROPERTIES', {
    diagnostics: `Invalid request with error - Additional properties are not allowed (${names.join(', ')} ${names.length > 1 ? 'were' : 'was'} unexpected)`,
  });
}
