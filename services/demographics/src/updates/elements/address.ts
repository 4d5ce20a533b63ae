import type { Period } from '@carespine/fhir';
import { invalidUpdate, invalidValue, missingValue, tooManyValues, unsupportedValue } from '../faults';
import { isJsonObject, type JsonObject } from '../json';
import {
  allowMembers,
  checkCoding,
  elementIn,
  listAt,
  objectAt,
  oneOf,
  requireMember,
  textAt,
  touches,
  type Element,
  type Moment,
} from './element';
import { checkPeriod } from './period';

/** Longest period in days of the addresses that must end. */
const MOST_DAYS: Record<string, number> = { temp: 90, billing: 366 };

const TEMPORARY_ADDRESS_TEXTS = [
  'Second Home',
  'Student Accommodation',
  'Respite Care Address',
  'Temporary Residence Address',
  'Convalescence Home',
  'Mobile Home',
  'Holiday Home',
] as const;

const ADDRESS_KEY = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey';
const ADDRESS_KEY_TYPE = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType';
const ADDRESS_KEY_VALUES: Record<string, RegExp> = { PAF: /^\d{8}$/, UPRN: /^\d{1,12}$/ };
const MOST_LINES = 5;

/** @see demographics specification, "address" */
export function checkAddress(address: Element, moment: Moment): void {
  const { value, at, was } = address;
  allowMembers(address, ['id', 'period', 'use', 'text', 'line', 'postalCode', 'extension']);
  requireMember(address, 'use');
  // A work address is left from former times: it may be removed, but nobody adds or replaces one.
  if (value['use'] === 'work' || was?.['use'] === 'work') throw unsupportedValue('work', `${at}/use`);
  if (touches(address, 'use')) oneOf(value['use'], `${at}/use`, ['home', 'temp', 'billing']);
  if (touches(address, 'text') && value['text'] !== undefined) oneOf(value['text'], `${at}/text`, TEMPORARY_ADDRESS_TEXTS);
  if (value['use'] === 'temp') requireMember(address, 'text');
  checkLimitedPeriod(address, moment);
  if (touches(address, 'postalCode') && value['postalCode'] !== undefined) textAt(value['postalCode'], `${at}/postalCode`);
  if (touches(address, 'extension') && value['extension'] !== undefined) checkAddressKeys(value, at);
  checkLines(address);
}

/** Temporary and billing addresses start and end. */
function checkLimitedPeriod(address: Element, moment: Moment): void {
  const { value } = address;
  const mostDays = MOST_DAYS[String(value['use'])];
  const ends = mostDays !== undefined && (address.whole || touches(address, 'period') || touches(address, 'use'));
  if (ends) requireMember({ ...address, whole: true }, 'period');
  checkPeriod(address, moment);
  if (!ends) return;
  const period = elementIn({ ...address, whole: true }, 'period');
  if (period) requireMember(period, 'end');
  const { start, end } = value['period'] as Period;
  if (touches(address, 'period') && daysBetween(String(start), String(end)) > mostDays) {
    throw invalidUpdate(`a ${String(value['use'])} address must not last longer than ${mostDays} days`);
  }
}

function daysBetween(start: string, end: string): number {
  return (Date.parse(end.slice(0, 10)) - Date.parse(start.slice(0, 10))) / 86_400_000;
}

/**
 * Positions count on write: post town in line 4, and premises or street in line 1 or 2. The record keeps no blank lines, so where
 * only one of its lines is replaced positions are unknown, and two lines have to do.
 */
function checkLines(address: Element): void {
  const { value, at, was } = address;
  const lines = value['line'] === undefined ? [] : listAt(value['line'], `${at}/line`);
  const given = touches(address, 'line');
  if (given) {
    if (lines.length > MOST_LINES) throw tooManyValues(lines, `${at}/line`);
    lines.forEach((line, index) => {
      if (!isBlank(line)) textAt(line, `${at}/line/${index}`);
    });
  }
  const filled = lines.filter((line) => !isBlank(line));
  const positioned = address.whole || address.members.has('line');
  const complete = positioned && given ? !isBlank(lines[3]) && !(isBlank(lines[0]) && isBlank(lines[1])) : filled.length >= 2;
  const needed = given || (was !== undefined && (isPseudoPostcode(was) || hasPafKey(was)));
  // New lines make an old key say nothing: it has to come with them.
  const keyed = hasPafKey(value) && (!given || address.whole || touches(address, 'extension'));
  if (needed && !complete && !keyed && !isPseudoPostcode(value)) {
    throw invalidUpdate('address lines 1 and 4 or 2 and 4 must be completed as a minimum');
  }
  if (filled.length > 0) value['line'] = filled;
  else delete value['line'];
}

function isBlank(line: unknown): boolean {
  return line === undefined || (typeof line === 'string' && line.trim() === '');
}

/** A pseudo postcode, e.g. ZZ99 3VZ for no fixed abode. */
function isPseudoPostcode({ postalCode }: JsonObject): boolean {
  return typeof postalCode === 'string' && /^ZZ99\s*\d[A-Z]{2}$/i.test(postalCode.trim());
}

/** A postcode with its key in the Postcode Address File, from which lines can be filled. */
function hasPafKey({ postalCode, extension }: JsonObject): boolean {
  const keys = Array.isArray(extension) ? extension : [];
  return postalCode !== undefined && keys.some((key) => isJsonObject(key) && keyType(key) === 'PAF');
}

function keyType({ extension }: JsonObject): unknown {
  const parts: unknown[] = Array.isArray(extension) ? extension : [];
  const coding = parts.filter(isJsonObject).find(({ url }) => url === 'type')?.['valueCoding'];
  return isJsonObject(coding) ? coding['code'] : undefined;
}

function checkAddressKeys(value: JsonObject, addressAt: string): void {
  const at = `${addressAt}/extension`;
  const keys = listAt(value['extension'], at, { max: 2 });
  const types = keys.map((key, index) => checkAddressKey(objectAt(key, `${at}/${index}`), `${at}/${index}`));
  if (new Set(types).size < types.length) throw tooManyValues(keys, at);
  if (keys.length === 0) delete value['extension'];
}

function checkAddressKey(key: JsonObject, at: string): string {
  allowMembers({ value: key, at }, ['url', 'extension']);
  if (key['url'] === undefined) throw missingValue(`${at}/url`);
  oneOf(key['url'], `${at}/url`, [ADDRESS_KEY]);
  if (key['extension'] === undefined) throw missingValue(`${at}/extension`);
  const parts = listAt(key['extension'], `${at}/extension`, { min: 2, max: 2 }).map((part, index) =>
    objectAt(part, `${at}/extension/${index}`),
  );
  parts.forEach((part, index) => {
    const place = `${at}/extension/${index}`;
    if (part['url'] === undefined) throw missingValue(`${place}/url`);
    const url = oneOf(part['url'], `${place}/url`, ['type', 'value']);
    const member = url === 'type' ? 'valueCoding' : 'valueString';
    allowMembers({ value: part, at: place }, ['url', member]);
    if (part[member] === undefined) throw missingValue(`${place}/${member}`);
    if (parts.findIndex((other) => other['url'] === url) !== index) throw invalidValue(url, `${place}/url`);
  });
  const typeIndex = parts.findIndex(({ url }) => url === 'type');
  const type = checkCoding(
    parts[typeIndex]?.['valueCoding'],
    `${at}/extension/${typeIndex}/valueCoding`,
    [ADDRESS_KEY_TYPE],
    Object.keys(ADDRESS_KEY_VALUES),
  );
  textAt(parts[1 - typeIndex]?.['valueString'], `${at}/extension/${1 - typeIndex}/valueString`, { pattern: ADDRESS_KEY_VALUES[type] });
  return type;
}
