import { isCalendarDate } from '@carespine/fhir';
import { SHAPES, type ComplexType, type ElementType } from './shapes';

/** An element that is not as the resource's model has it. */
export interface Flaw {
  /** Path from the resource, e.g. `content[0].attachment.url`. */
  expression: string;
  reason: string;
}

/** More than this helps nobody. */
const MOST_FLAWS = 20;

/**
 * Holds a value against the model: unknown elements, wrong JSON types, values outside their pattern, and whatever is empty.
 * Says nothing of what is missing.
 */
export function flawsOf(value: unknown, type: ComplexType): Flaw[] {
  const flaws: Flaw[] = [];
  checkComplex(value, type, '', flaws);
  return flaws;
}

function checkComplex(value: unknown, type: ComplexType, path: string, flaws: Flaw[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return note(flaws, path, 'must be an object');
  const elements = Object.entries(value);
  if (elements.length === 0) return note(flaws, path, 'must not be empty');
  const shape: Record<string, string> = SHAPES[type];
  for (const [name, element] of elements) {
    if (flaws.length >= MOST_FLAWS) return;
    const at = path === '' ? name : `${path}.${name}`;
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (kind === undefined) note(flaws, at, 'is not an element of this resource');
    else if (kind.endsWith('[]')) checkList(element, kind.slice(0, -2) as ElementType, at, flaws);
    else checkElement(element, kind as ElementType, at, flaws);
  }
}

function checkList(value: unknown, type: ElementType, path: string, flaws: Flaw[]): void {
  if (!Array.isArray(value)) return note(flaws, path, 'must be an array');
  if (value.length === 0) return note(flaws, path, 'must not be empty');
  for (let i = 0; i < value.length && flaws.length < MOST_FLAWS; i++) checkElement(value[i], type, `${path}[${i}]`, flaws);
}

function checkElement(value: unknown, type: ElementType, path: string, flaws: Flaw[]): void {
  if (type === 'any') return checkAny(value, path, flaws);
  if (!isPrimitive(type)) return checkComplex(value, type, path, flaws);
  const reason = PRIMITIVES[type](value);
  if (reason) note(flaws, path, reason);
}

/** Of resources and values within, which have models of their own: nothing empty, nothing that cannot be kept. */
function checkAny(value: unknown, path: string, flaws: Flaw[]): void {
  if (flaws.length >= MOST_FLAWS) return;
  if (typeof value === 'string') {
    const reason = PRIMITIVES.string(value);
    if (reason) note(flaws, path, reason);
  } else if (value === null) note(flaws, path, 'must not be null');
  else if (Array.isArray(value)) checkList(value, 'any', path, flaws);
  else if (typeof value === 'object') {
    const elements = Object.entries(value);
    if (elements.length === 0) note(flaws, path, 'must not be empty');
    for (const [name, element] of elements) {
      if (UNFIT.test(name)) note(flaws, path, 'has an element whose name holds control characters');
      else checkAny(element, `${path}.${name}`, flaws);
    }
  }
}

const note = (flaws: Flaw[], expression: string, reason: string): void => void flaws.push({ expression, reason });

/** FHIR allows no control characters but tab, line feed and carriage return. */
const UNFIT = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

type Check = (value: unknown) => string | undefined;

const text =
  (fits: (value: string) => boolean, otherwise: string): Check =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string';
    if (value === '') return 'must not be empty';
    if (UNFIT.test(value) || !value.isWellFormed()) return 'holds characters that FHIR does not allow';
    return fits(value) ? undefined : otherwise;
  };
const matching = (pattern: RegExp, otherwise: string): Check => text((value) => pattern.test(value), otherwise);

const YEAR = '([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)';
const TIME = 'T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))';
const INSTANT = new RegExp(`^${YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])${TIME}$`);
const DATE_TIME = new RegExp(`^${YEAR}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(${TIME})?)?)?$`);

/** @see FHIR R4 datatypes; patterns as the record locator's API description gives them */
const PRIMITIVES = {
  string: text(() => true, ''),
  uri: matching(/^\S+$/, 'must hold no spaces'),
  code: matching(/^\S+( \S+)*$/, 'must hold no spaces at its ends and single ones within'),
  id: matching(/^[A-Za-z0-9\-.]{1,64}$/, 'must be 1 to 64 letters, digits, hyphens or dots'),
  pointerId: text(
    (value) => isPointerId(value),
    'must be the ODS code of the custodian, a hyphen and an identifier, 64 characters at most',
  ),
  current: matching(/^current$/, "must be 'current'"),
  docStatus: matching(/^(entered-in-error|amended|preliminary|final)$/, 'must be preliminary, final, amended or entered-in-error'),
  documentReference: matching(/^DocumentReference$/, "must be 'DocumentReference'"),
  instant: text((value) => !Number.isNaN(msOfInstant(value)), 'must be an instant, such as 2026-01-31T09:30:00Z'),
  dateTime: text((value) => DATE_TIME.test(value) && (value.length < 10 || isCalendarDate(value.slice(0, 10))), 'must be a date or a date and time'),
  base64: text((value) => /^[A-Za-z0-9+/=\s]+$/.test(value), 'must be base64'),
  boolean: (value: unknown) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  size: (value: unknown) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? undefined : 'must be a whole number, 0 or more',
} satisfies Record<string, Check>;

export type PrimitiveType = keyof typeof PRIMITIVES;

const isPrimitive = (type: ElementType): type is PrimitiveType => Object.hasOwn(PRIMITIVES, type);

const [FIRST_MS, LAST_MS] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/**
 * Milliseconds since 1970 of a FHIR instant. A leap second is the second that follows it.
 *
 * @returns NaN where it is none, or in UTC of no year from 1 to 9999, which is all that can be stored
 */
export function msOfInstant(text: string): number {
  if (!INSTANT.test(text) || !isCalendarDate(text.slice(0, 10))) return Number.NaN;
  const isLeapSecond = text.slice(17, 19) === '60';
  const ms = isLeapSecond ? Date.parse(`${text.slice(0, 17)}59${text.slice(19)}`) + 1000 : Date.parse(text);
  return ms >= FIRST_MS && ms <= LAST_MS ? ms : Number.NaN;
}

/** @see record locator specification, "Elements": id */
export const isPointerId = (text: string): boolean => /^(?=.{1,64}$)[A-Za-z0-9.]+-[A-Za-z0-9]+[A-Za-z0-9_-]*$/.test(text);
