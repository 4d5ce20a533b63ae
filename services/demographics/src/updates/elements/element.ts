import type { CalendarDate } from '@carespine/fhir';
import type { Change } from '../apply';
import { additionalProperties, invalidUpdate, invalidValue, missingValue, tooFewValues, tooManyValues } from '../faults';
import { isJsonObject, sameJson, type JsonObject } from '../json';

/** One object that an update gives or changes, with what is needed to judge it. */
export interface Element extends Change {
  /** Where it stands in the patient: `name/0`. */
  at: string;
  /** The object itself; a rule may put what it says in order, e.g. drop blank lines. */
  value: JsonObject;
}

/** The days and times that rules compare with. */
export interface Moment {
  /** Europe/London calendar date. */
  today: CalendarDate;
  /** ISO 8601 instant in UTC. */
  now: string;
}

/** Text longer than this is no name, line or number of anybody. */
const LONGEST_TEXT = 255;

/** Whether the update gives the member another value than the record has; what it leaves alone is not judged again. */
export function touches({ value, was }: Element, member: string): boolean {
  return was === undefined || !sameJson(value[member], was[member]);
}

/** Refuses members that the element does not have. */
export function allowMembers({ value, at }: Pick<Element, 'value' | 'at'>, allowed: readonly string[]): void {
  const others = Object.keys(value).filter((member) => !allowed.includes(member));
  if (others.length > 0) throw additionalProperties(others, at);
}

/** Refuses the absence of a member, unless the record had none before and the update left it so. */
export function requireMember(element: Element, member: string): void {
  if (element.value[member] !== undefined || (!element.whole && !touches(element, member))) return;
  throw element.partRemoved ? invalidUpdate(`${member} cannot be removed`) : missingValue(`${element.at}/${member}`);
}

/** The object in a member, as an element of its own; undefined where there is none. */
export function elementIn(element: Element, member: string): Element | undefined {
  const value = element.value[member];
  if (value === undefined) return undefined;
  const at = `${element.at}/${member}`;
  const was = element.was?.[member];
  return { ...element, at, value: objectAt(value, at), was: isJsonObject(was) ? was : undefined };
}

export function objectAt(value: unknown, at: string): JsonObject {
  if (!isJsonObject(value)) throw invalidValue(value, at);
  return value;
}

export function listAt(value: unknown, at: string, { min = 0, max = Infinity }: { min?: number; max?: number } = {}): unknown[] {
  if (!Array.isArray(value)) throw invalidValue(value, at);
  if (value.length < min) throw tooFewValues(value, at);
  if (value.length > max) throw tooManyValues(value, at);
  return value;
}

/** Text that says something, of at most `longest` characters and, where a pattern is given, of that form. */
export function textAt(
  value: unknown,
  at: string,
  { longest = LONGEST_TEXT, pattern }: { longest?: number; pattern?: RegExp } = {},
): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > longest || (pattern && !pattern.test(value))) {
    throw invalidValue(value, at);
  }
  return value;
}

export function oneOf<T extends string>(value: unknown, at: string, allowed: readonly T[]): T {
  const found = allowed.find((known) => known === value);
  if (found === undefined) throw invalidValue(value, at);
  return found;
}

/** One coding of a known system, which may be left out and is then filled in. */
export function checkCoding(value: unknown, at: string, systems: readonly [string, ...string[]], codes: readonly string[]): string {
  const coding = objectAt(value, at);
  allowMembers({ value: coding, at }, ['system', 'version', 'code', 'display']);
  if (coding['code'] === undefined) throw missingValue(`${at}/code`);
  const code = oneOf(coding['code'], `${at}/code`, codes);
  coding['system'] = coding['system'] === undefined ? systems[0] : oneOf(coding['system'], `${at}/system`, systems);
  if (coding['version'] !== undefined) textAt(coding['version'], `${at}/version`);
  if (coding['display'] !== undefined) textAt(coding['display'], `${at}/display`);
  return code;
}

/** A concept of exactly one coding. */
export function checkConcept(value: unknown, at: string, systems: readonly [string, ...string[]], codes: readonly string[]): string {
  const concept = objectAt(value, at);
  allowMembers({ value: concept, at }, ['coding']);
  if (concept['coding'] === undefined) throw missingValue(`${at}/coding`);
  const [coding] = listAt(concept['coding'], `${at}/coding`, { min: 1, max: 1 });
  return checkCoding(coding, `${at}/coding/0`, systems, codes);
}
