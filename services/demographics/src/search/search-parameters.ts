import type { AccessMode } from '@carespine/access-control';
import { Fault, isCalendarDate, type CalendarDate } from '@carespine/fhir';

/** Both ends inclusive; an open end is the first or the last day there is. */
export interface DateRange {
  from: CalendarDate;
  to: CalendarDate;
}

/** What a search asks for, each value in the form in which the tables hold theirs. */
export interface PatientSearchCriteria {
  fuzzy: boolean;
  /** Keep only hits that score 1.0. */
  exactOnly: boolean;
  /** Include previous names, addresses and telecoms; a fuzzy search always does. */
  history: boolean;
  /** More people than this are too many. */
  maxResults: number;
  birthDate: DateRange;
  deathDate?: DateRange;
  /** Lower case; `*` is the wildcard. */
  family?: string;
  /** Lower case; the first is the first name, perhaps of several words, the rest are single middle names. */
  given: string[];
  gender?: string;
  /** Upper case without spaces; `*` is the wildcard. */
  postcode?: string;
  /** Upper case ODS code. */
  generalPractitioner?: string;
  /** Upper case ODS code. */
  managingOrganization?: string;
  /** Lower case. */
  email?: string;
  /** As stored, with its country prefix. */
  phone?: string;
}

const SEARCH_LIMIT = 50;
const MOST_GIVEN_NAMES = 5;
const FIRST_DAY = '0001-01-01';
const LAST_DAY = '9999-12-31';

const PARAMETERS = new Set([
  '_fuzzy-match',
  '_exact-match',
  '_history',
  '_max-results',
  'family',
  'given',
  'gender',
  'birthdate',
  'death-date',
  'address-postalcode',
  'address-postcode',
  'general-practitioner',
  'managing-organization',
  'email',
  'phone',
]);

/**
 * Reads the parameters of `GET /Patient`.
 *
 * The order of the checks is the national API's: no parameters, the application's permission, unknown names, values,
 * no birth date, too little left to search by.
 *
 * @param query names to values as URLSearchParams gives them, already percent-decoded
 * @throws Fault `UNSUPPORTED_SERVICE`, `ADDITIONAL_PROPERTIES`, `INVALID_VALUE`, `TOO_MANY_VALUES_SUBMITTED`,
 * `MISSING_VALUE`, `INVALID_SEARCH_DATA`
 * @see demographics specification, "Search: Parameters" and "Minimum criteria"
 */
export function parseSearch(query: Record<string, unknown>, mode: AccessMode): PatientSearchCriteria {
  const names = Object.keys(query);
  if (names.length === 0) throw new Fault('UNSUPPORTED_SERVICE');
  if (mode !== 'user-restricted' && names.includes('_max-results') && query['_max-results'] !== '1') {
    throw new Fault('INVALID_VALUE', {
      status: 403,
      issueCode: 'token',
      diagnostics: 'Your app has insufficient permissions to perform this search. Please contact support.',
    });
  }
  const unknown = names.filter((name) => !PARAMETERS.has(name));
  if (unknown.length > 0) {
    const listed = unknown.slice(0, 20).map((name) => `'${printable(name)}'`);
    throw new Fault('ADDITIONAL_PROPERTIES', {
      diagnostics:
        'Invalid request with error - Additional properties are not allowed ' +
        `(${listed.join(', ')} ${unknown.length === 1 ? 'was' : 'were'} unexpected)`,
    });
  }

  const birthDate = dates(query, 'birthdate');
  const deathDate = dates(query, 'death-date');
  const family = text(query, 'family', { most: 35 })?.toLowerCase();
  const given = givenNames(query);
  const gender = text(query, 'gender', { shape: /^(male|female|other|unknown)$/ });
  const postalCode = postcode(query, 'address-postalcode');
  const olderPostcode = postcode(query, 'address-postcode');
  const generalPractitioner = text(query, 'general-practitioner', { shape: /^[0-9a-z]{1,10}$/i })?.toUpperCase();
  const managingOrganization = text(query, 'managing-organization', { shape: /^[0-9a-z]{1,10}$/i })?.toUpperCase();
  const email = text(query, 'email', { most: 90 })?.toLowerCase();
  const phone = text(query, 'phone', { most: 40 });
  const fuzzy = flag(query, '_fuzzy-match');
  const exactOnly = flag(query, '_exact-match');
  const history = flag(query, '_history');
  const maxResults = resultLimit(query, mode === 'user-restricted' ? SEARCH_LIMIT : 1);

  if (!birthDate) {
    throw new Fault('MISSING_VALUE', { diagnostics: "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'" });
  }
  if (postalCode !== undefined && olderPostcode !== undefined) {
    throw invalidSearch('address-postalcode and address-postcode cannot be used together');
  }
  const criteria: PatientSearchCriteria = {
    fuzzy,
    exactOnly,
    history,
    maxResults,
    birthDate,
    deathDate,
    family,
    given,
    gender,
    postcode: postalCode ?? olderPostcode,
    generalPractitioner,
    managingOrganization,
    email,
    phone,
  };
  if (fuzzy) requireFuzzyCriteria(criteria);
  else requireCriteria(criteria);
  return criteria;
}

function requireFuzzyCriteria({ family, given, gender, postcode }: PatientSearchCriteria): void {
  const hasGiven = given.length > 0;
  const enough = (family && hasGiven) || ((family || hasGiven) && gender && postcode);
  const wildcard = [family, postcode, ...given].some((value) => value?.includes('*'));
  if (!enough || wildcard) {
    throw invalidSearch('A fuzzy search was requested however the data given did not meet the fuzzy search criteria');
  }
}

function requireCriteria({ family, given: [first, ...middle], postcode }: PatientSearchCriteria): void {
  if (!family) throw invalidSearch('No searches were performed as the search criteria did not meet the minimum requirements');
  for (const [name, value] of Object.entries({ family, given: first, 'address-postalcode': postcode })) {
    const wildcard = value?.indexOf('*') ?? -1;
    if (wildcard >= 0 && wildcard < 2) throw invalidSearch(`${name} may have a wildcard from its third character only`);
  }
  if (middle.some((name) => name.includes('*'))) throw invalidSearch('only the first given name may have a wildcard');
}

/** All values of a parameter; undefined when it was not sent. */
function values(query: Record<string, unknown>, name: string, most = 1): string[] | undefined {
  if (!Object.hasOwn(query, name)) return undefined;
  const sent: unknown = query[name];
  const all: unknown[] = Array.isArray(sent) && sent.length > 0 ? sent : [sent];
  if (all.length > most) {
    throw new Fault('TOO_MANY_VALUES_SUBMITTED', { diagnostics: `Too many values submitted - ${all.length} in field '${name}'` });
  }
  return all.map((value, i) => {
    const path = all.length > 1 ? `${name}/${i}` : name;
    // A control character matches nobody, and PostgreSQL refuses to hold a NUL.
    if (typeof value !== 'string' || /[\u0000-\u001f\u007f]/.test(value)) throw invalidValue(value, path);
    const tidy = value.normalize('NFC').trim().replace(/\s+/g, ' ');
    if (tidy === '') throw invalidValue(value, path);
    return tidy;
  });
}

function text(query: Record<string, unknown>, name: string, rule: { most?: number; shape?: RegExp }): string | undefined {
  const value = values(query, name)?.[0];
  if (value === undefined) return undefined;
  if ((rule.most && [...value].length > rule.most) || rule.shape?.test(value) === false) throw invalidValue(value, name);
  return value;
}

function flag(query: Record<string, unknown>, name: string): boolean {
  return text(query, name, { shape: /^(true|false)$/ }) === 'true';
}

function resultLimit(query: Record<string, unknown>, most: number): number {
  return Number(text(query, '_max-results', { shape: /^([1-9]|[1-4][0-9]|50)$/ }) ?? most);
}

/** Middle names are single words: the record splits them too. */
function givenNames(query: Record<string, unknown>): string[] {
  const [first, ...middle] = values(query, 'given', MOST_GIVEN_NAMES) ?? [];
  if (first === undefined) return [];
  const all = [first, ...middle];
  all.forEach((value, i) => {
    if ([...value].length > 35) throw invalidValue(value, all.length > 1 ? `given/${i}` : 'given');
  });
  return [first, ...middle.flatMap((name) => name.split(' '))].map((name) => name.toLowerCase());
}

/** Any text may be a postcode: a malformed one finds nobody, and a fuzzy search forgives it. */
function postcode(query: Record<string, unknown>, name: string): string | undefined {
  return text(query, name, { most: 20 })?.replaceAll(' ', '').toUpperCase();
}

function dates(query: Record<string, unknown>, name: string): DateRange | undefined {
  const sent = values(query, name, 2);
  if (!sent) return undefined;
  const parts = sent.map((value, i) => {
    const [, prefix = 'eq', date = ''] = /^(eq|ge|le)?(\d{4}-\d{2}-\d{2})$/.exec(value) ?? [];
    if (!isCalendarDate(date)) throw invalidValue(value, sent.length > 1 ? `${name}/${i}` : name);
    return { prefix, date };
  });
  const [only, second] = parts;
  if (second === undefined && only?.prefix === 'eq') return { from: only.date, to: only.date };
  const from = parts.find((part) => part.prefix === 'ge')?.date;
  const to = parts.find((part) => part.prefix === 'le')?.date;
  if (second !== undefined && (from === undefined || to === undefined)) {
    throw invalidSearch(`a range of ${name} has one value with ge and one with le`);
  }
  return { from: from ?? FIRST_DAY, to: to ?? LAST_DAY };
}

function invalidValue(value: unknown, path: string): Fault {
  return new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${printable(value)}' in field '${path}'` });
}

function invalidSearch(reason: string): Fault {
  return new Fault('INVALID_SEARCH_DATA', { diagnostics: `Invalid search data provided - '${reason}'` });
}

function printable(value: unknown): string {
  return typeof value === 'string' && value.length <= 100 ? value : '<value not shown>';
}
