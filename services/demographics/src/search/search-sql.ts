import type { QueryConfig } from 'pg';
import { familyWord, givenWords } from './name-likeness';
import type { DateRange, PatientSearchCriteria } from './search-parameters';
import { homophonePattern } from './soundex';

/** A fuzzy search that reads more names than this asks for too much, e.g. for anybody like Smith of half a century. */
export const NAMES_READ = 20_000;
const LAST_LETTER = '\u{10ffff}';

/**
 * Confidentiality labels that a search may find. A restricted (R) record is not found by where its person lives or is
 * looked after. A very restricted (V) record is never found: its name and birth date are withheld from every answer, and a
 * hit would confirm them.
 *
 * @see demographics specification, "Result" and "Redaction matrix"
 */
function findableLabels({ postcode, generalPractitioner, managingOrganization }: PatientSearchCriteria): string[] {
  return postcode || generalPractitioner || managingOrganization ? ['U'] : ['U', 'R'];
}

/**
 * The search that is not fuzzy, in one round trip. A handful of prepared statements serve every combination of criteria: birth
 * date and family name choose the rows by an index, the rest merely filter them.
 *
 * Gives `rowLimit` rows at most; `record` is null where there are more than `maxResults` records, which then are not wanted.
 */
export function searchByFamily(asked: PatientSearchCriteria, rowLimit: number): QueryConfig {
  const { values, add } = parameters();
  const birthDate = datesWithin('n.birth_date', asked.birthDate, add);
  const family = familyIs(asked.family ?? '', add);
  const [first, ...middle] = asked.given;
  const history = add(asked.history && !asked.exactOnly, 'boolean');
  const firstName = add(first === undefined ? null : likePattern(first), 'text');
  const middleNames = add(middle.length > 0 ? middle : null, 'text[]');
  const gender = add(asked.gender, 'text');
  const diedFrom = add(asked.deathDate?.from, 'date');
  const diedTo = add(asked.deathDate?.to, 'date');
  const practice = add(asked.generalPractitioner, 'text');
  const organization = add(asked.managingOrganization, 'text');
  const postcode = add(asked.postcode === undefined ? null : likePattern(asked.postcode), 'text');
  const email = add(asked.email, 'text');
  const phone = add(asked.phone, 'text');
  const labels = add(findableLabels(asked), 'text[]');
  const most = add(asked.maxResults, 'bigint');
  const limit = add(rowLimit, 'bigint');
  return {
    name: `search ${birthDate.shape} ${family.shape}`,
    values,
    text: `
      WITH hit AS (
        SELECT n.nhs_number, n.family, n.given[1] AS first_name, n.previous, p.superseded_by, p.record,
          current.postcode AS current_postcode, current.email AS current_email, current.phone AS current_phone
        FROM patient_names n
        JOIN patients p ON p.nhs_number = n.nhs_number
        CROSS JOIN LATERAL (SELECT
          EXISTS (SELECT FROM unnest(p.postcodes) postcode WHERE postcode LIKE ${postcode}) AS postcode,
          ${email} = ANY (p.emails) AS email,
          ${phone} = ANY (p.phones) AS phone) current
        WHERE ${birthDate.sql} AND ${family.sql}
          AND (${history} OR NOT n.previous)
          AND (${firstName} IS NULL OR n.given[1] LIKE ${firstName})
          AND (${middleNames} IS NULL OR n.given[2:] @> ${middleNames})
          AND (${gender} IS NULL OR p.gender = ${gender})
          AND (${diedFrom} IS NULL OR p.death_date BETWEEN ${diedFrom} AND ${diedTo})
          AND (${practice} IS NULL OR p.general_practitioner = ${practice})
          AND (${organization} IS NULL OR ${MANAGING_ORGANIZATION} = ${organization})
          AND (${postcode} IS NULL OR current.postcode
            OR ${history} AND EXISTS (SELECT FROM unnest(p.previous_postcodes) postcode WHERE postcode LIKE ${postcode}))
          AND (${email} IS NULL OR current.email OR ${history} AND ${email} = ANY (p.previous_emails))
          AND (${phone} IS NULL OR current.phone OR ${history} AND ${phone} = ANY (p.previous_phones))
          AND p.confidentiality = ANY (${labels})
          AND p.status IN ('active', 'superseded')
        LIMIT ${limit})
      SELECT nhs_number, family, first_name, previous, superseded_by, current_postcode, current_email, current_phone,
        CASE WHEN superseded_by IS NULL AND (SELECT count(DISTINCT nhs_number) FROM hit) <= ${most} THEN record END AS record
      FROM hit`,
  };
}

/**
 * Names that a fuzzy search looks at: those of the day or days whose family name may sound like one that was asked for. Of a
 * day they are few; of a range the database sorts them by sound, for the weighing of many would hold up everybody else.
 */
export function candidateNames(asked: PatientSearchCriteria): QueryConfig {
  const { values, add } = parameters();
  const birthDate = datesWithin('birth_date', asked.birthDate, add);
  const names = 'SELECT nhs_number, family, given, previous FROM patient_names WHERE';
  const limit = `LIMIT ${NAMES_READ + 1}`;
  if (asked.family === undefined) return { name: `fuzzy ${birthDate.shape}`, text: `${names} ${birthDate.sql} ${limit}`, values };
  const words = [familyWord(asked.family), givenWords(asked.given).join('')].filter((word) => word !== '');
  const bounds = boundsOfHomophones(words);
  const [from, to] = [add(bounds.map(([from]) => from), 'text[]'), add(bounds.map(([, to]) => to), 'text[]')];
  const sounds = birthDate.shape === 'days' ? `AND family ~ ${add(words.map(homophonePattern).join('|'), 'text')}` : '';
  return {
    name: `fuzzy ${birthDate.shape} family`,
    text: `
      SELECT n.* FROM unnest(${from}, ${to}) AS bounds (lower, upper)
      CROSS JOIN LATERAL (${names} ${birthDate.sql} AND family ~>=~ bounds.lower AND family ~<~ bounds.upper ${sounds} ${limit}) n
      ${limit}`,
    values,
  };
}

/**
 * Where the homophones of folded words stand among family names in byte order: Soundex keeps the first letter, and names that
 * begin with an accented letter or none at all (`'t Hooft`) stand before a or after z.
 */
function boundsOfHomophones(words: string[]): [string, string][] {
  const initials = new Set(words.map((word) => word.charAt(0)));
  return [['', 'a'], ...[...initials].map(endsBeforeNext), ['{', LAST_LETTER]];
}

function endsBeforeNext(initial: string): [string, string] {
  return [initial, String.fromCharCode(initial.charCodeAt(0) + 1)];
}

/** What a fuzzy search weighs of each record whose names agree. */
export function candidateFacts(asked: PatientSearchCriteria, nhsNumbers: string[]): QueryConfig {
  return {
    name: 'fuzzy facts',
    text: `
      SELECT nhs_number, superseded_by, gender, postcodes, previous_postcodes, emails, previous_emails, phones, previous_phones,
        death_date::text, general_practitioner, CASE WHEN $3 THEN ${MANAGING_ORGANIZATION} END AS managing_organization
      FROM patients p WHERE nhs_number = ANY ($1) AND confidentiality = ANY ($2) AND status IN ('active', 'superseded')`,
    values: [nhsNumbers, findableLabels(asked), asked.managingOrganization !== undefined],
  };
}

/** Each superseded number (`superseded`) and the number of the record that, merge by merge, took its place (`nhs_number`). */
export function successorsOf(nhsNumbers: string[]): QueryConfig {
  return {
    name: 'search successors',
    // UNION leaves out what it has met: a circle of merges ends.
    text: `
      WITH RECURSIVE merged AS (
        SELECT nhs_number AS superseded, superseded_by FROM patients WHERE nhs_number = ANY ($1)
        UNION
        SELECT merged.superseded, p.superseded_by FROM merged JOIN patients p ON p.nhs_number = merged.superseded_by)
      SELECT merged.superseded, p.nhs_number FROM merged JOIN patients p ON p.nhs_number = merged.superseded_by
      WHERE p.status = 'active'`,
    values: [nhsNumbers],
  };
}

/** The records to answer with, of those that this search may find. */
export function recordsOf(asked: PatientSearchCriteria, nhsNumbers: string[]): QueryConfig {
  return {
    name: 'search records',
    text: `
      SELECT nhs_number, record FROM patients WHERE nhs_number = ANY ($1) AND confidentiality = ANY ($2) AND status = 'active'`,
    values: [nhsNumbers, findableLabels(asked)],
  };
}

/** Has no column: internal use, too rare for one. */
const MANAGING_ORGANIZATION = `upper(p.record::json #>> '{managingOrganization,identifier,value}')`;

type AddParameter = (value: unknown, type: string) => string;

function parameters(): { values: unknown[]; add: AddParameter } {
  const values: unknown[] = [];
  return { values, add: (value, type) => `$${values.push(value ?? null)}::${type}` };
}

function datesWithin(column: string, { from, to }: DateRange, add: AddParameter): { shape: string; sql: string } {
  if (from === to) return { shape: 'day', sql: `${column} = ${add(from, 'date')}` };
  return { shape: 'days', sql: `${column} BETWEEN ${add(from, 'date')} AND ${add(to, 'date')}` };
}

/** A prefix as bounds: the index serves them whatever the value, which a LIKE of a parameter it may not. */
function familyIs(family: string, add: AddParameter): { shape: string; sql: string } {
  const wildcard = family.indexOf('*');
  if (wildcard < 0) return { shape: 'family', sql: `n.family = ${add(family, 'text')}` };
  const prefix = family.slice(0, wildcard);
  const [from, to, pattern] = [add(prefix, 'text'), add(prefix + LAST_LETTER, 'text'), add(likePattern(family), 'text')];
  return { shape: 'family prefix', sql: `n.family ~>=~ ${from} AND n.family ~<~ ${to} AND n.family LIKE ${pattern}` };
}

/** `*` is the only wildcard: LIKE's own are letters like any other. */
function likePattern(value: string): string {
  return value.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
