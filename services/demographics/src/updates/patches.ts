import { additionalProperties, invalidUpdate, invalidValue, missingValue, tooManyValues, unsupportedCharacters } from './faults';
import { isJsonObject } from './json';

const OPS = ['add', 'replace', 'remove', 'test'] as const;

/** One operation of RFC 6902; `tokens` is its path split and unescaped, `value` undefined on `remove`. */
export interface Operation {
  op: (typeof OPS)[number];
  path: string;
  tokens: [string, ...string[]];
  value: unknown;
}

const MOST_PATCHES = 100;
const MOST_VALUES = 5_000;
const DEEPEST = 20;
const LONGEST_PATH = 300;

/**
 * Reads the body of an update: `{ "patches": [operation, ...] }`.
 * Members of an operation that RFC 6902 does not define are ignored, as it asks; so is a `value` on `remove`.
 *
 * @throws Fault INVALID_UPDATE (no patches), INVALID_VALUE or MISSING_VALUE with a path like `0/op`, and when the body is beyond all
 *   measure ADDITIONAL_PROPERTIES, INVALID_UPDATE or TOO_MANY_VALUES_SUBMITTED
 * @see demographics specification, "Update"
 */
export function parsePatches(body: unknown): Operation[] {
  if (!isJsonObject(body) || !Object.hasOwn(body, 'patches')) throw invalidUpdate('No patches found');
  checkMeasure(body, 0, { values: 0 });
  const { patches, ...others } = body;
  if (Object.keys(others).length > 0) throw additionalProperties(Object.keys(others));
  if (!Array.isArray(patches)) throw invalidValue(patches, 'patches');
  if (patches.length === 0) throw invalidUpdate('No patches found');
  if (patches.length > MOST_PATCHES) throw tooManyValues(patches, 'patches');
  return patches.map(parseOperation);
}

function parseOperation(patch: unknown, index: number): Operation {
  if (!isJsonObject(patch)) throw invalidValue(patch, `${index}`);
  const op = OPS.find((known) => known === patch['op']);
  if (!Object.hasOwn(patch, 'op')) throw missingValue(`${index}/op`);
  if (op === undefined) throw invalidValue(patch['op'], `${index}/op`);
  if (!Object.hasOwn(patch, 'path')) throw missingValue(`${index}/path`);
  const path = patch['path'];
  if (typeof path !== 'string' || path.length > LONGEST_PATH) throw invalidValue(path, `${index}/path`);
  const tokens = tokensOf(path);
  if (tokens === undefined) throw invalidValue(path, `${index}/path`);
  if (op === 'remove') return { op, path, tokens, value: undefined };
  if (!Object.hasOwn(patch, 'value')) throw missingValue(`${index}/value`);
  refuseControlCharacters(patch['value'], `${index}/value`);
  return { op, path, tokens, value: patch['value'] };
}

/** No text of a record has them, and a database takes no NUL. */
function refuseControlCharacters(value: unknown, path: string): void {
  if (typeof value === 'string') {
    if (/\p{Cc}/u.test(value)) throw unsupportedCharacters(value, path);
  } else if (typeof value === 'object' && value !== null) {
    for (const [member, inner] of Object.entries(value)) {
      if (/\p{Cc}/u.test(member)) throw unsupportedCharacters(member, path);
      refuseControlCharacters(inner, `${path}/${member}`);
    }
  }
}

/** Splits a JSON pointer (RFC 6901); undefined when it is none, or points at the whole patient, which nobody may replace. */
function tokensOf(path: string): [string, ...string[]] | undefined {
  if (!path.startsWith('/') || /~(?![01])/.test(path)) return undefined;
  const [first = '', ...rest] = path
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return rest.length < DEEPEST ? [first, ...rest] : undefined;
}

/** Bounds the work that one body can cause, and lets the rules after it rely on plain JSON of little depth. */
function checkMeasure(value: unknown, depth: number, seen: { values: number }): void {
  if (depth > DEEPEST) throw invalidUpdate(`values are nested more than ${DEEPEST} deep`);
  if (++seen.values > MOST_VALUES) throw tooManyValues('<json too long to display>', 'patches');
  if (Array.isArray(value)) {
    for (const item of value) checkMeasure(item, depth + 1, seen);
  } else if (isJsonObject(value)) {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw invalidUpdate('the body is not JSON');
    if (Object.hasOwn(value, '__proto__')) throw additionalProperties(['__proto__']);
    for (const member of Object.values(value)) checkMeasure(member, depth + 1, seen);
  } else if (value !== null && typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value)) {
    throw invalidUpdate('the body is not JSON');
  }
}
