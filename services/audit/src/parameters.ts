import { Fault } from '@carespine/fhir';

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

export function pageSizeOf(count: string | undefined): number {
  const size = Number(count ?? 20);
  if (!/^\d{1,3}$/.test(count ?? '20') || size < 1 || size > 100) throw invalid(count, '_count');
  return size;
}

/** An id as the platform makes them, in lower case. */
export const isUuid = (id: unknown): id is string => typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

export function invalid(value: unknown, name: string): Fault {
  const shown = typeof value === 'string' && value.length <= 100 ? value : '...';
  return new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${shown}' in field '${name}'`, expression: name });
}

function refuseUnknown(given: string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.slice(0, 10).map((name) => `'${name.slice(0, 50)}'`);
  throw new Fault('ADDITIONAL_PROPERTIES', {
    diagnostics: `Invalid request with error - Additional properties are not allowed (${names.join(', ')} ${names.length > 1 ? 'were' : 'was'} unexpected)`,
  });
}
