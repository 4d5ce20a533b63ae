import { aDatabase, type TestDatabase } from '@carespine/test-kit';
import { nhsNumberFrom, type Patient } from '@carespine/fhir';
import { Pool } from 'pg';
import type { QueryRunner } from 'typeorm';
import { CreatePatients20261124090000 } from '../../migrations/20261124090000-create-patients';
import { NAME_COLUMNS, nameRowsOf, PATIENT_COLUMNS, rowOf } from '../patients/patient-row';
import { PatientSearch } from './patient-search';
import { parseSearch } from './search-parameters';

const TODAY = '2026-11-24';
const JANE = aNumber(1);

let database: TestDatabase;
let pool: Pool;
let search: PatientSearch;

beforeAll(async () => {
  database = await aDatabase('patient_search');
  pool = new Pool({ connectionString: database.url });
  await new CreatePatients20261124090000().up({ query: (sql: string) => pool.query(sql) } as unknown as QueryRunner);
  search = new PatientSearch(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => pool.query('TRUNCATE patients, patient_names'));

function aNumber(n: number): string {
  const candidates = Array.from({ length: 11 }, (_, i) => nhsNumberFrom(`999${String(n * 11 + i).padStart(6, '0')}`));
  return candidates.find((number) => number !== undefined)!;
}

function aPatient(rest: Partial<Patient> = {}, label = 'U'): Patient {
  return {
    resourceType: 'Patient',
    id: JANE,
    meta: { versionId: '1', security: [{ code: label }] },
    name: [{ id: 'n', use: 'usual', family: 'Smith', given: ['Jane', 'Marie'], period: { start: '2000-01-01' } }],
    gender: 'female',
    birthDate: '1985-10-22',
    address: [{ id: 'a', use: 'home', postalCode: 'LS1 6AE', period: { start: '2000-01-01' } }],
    telecom: [
      { id: 't', system: 'email', use: 'home', value: 'Jane.Smith@example.com', period: { start: '2000-01-01' } },
      { id: 'p', system: 'phone', use: 'mobile', value: '07700900123', period: { start: '2000-01-01' } },
    ],
    generalPractitioner: [{ id: 'g', type: 'Organization', identifier: { value: 'A20047' } }],
    ...rest,
  };
}

const named = (family: string, ...given: string[]): Pick<Patient, 'name'> => ({ name: [{ use: 'usual', family, given }] });
const replacedBy = (value: string): Pick<Patient, 'link'> => ({ link: [{ type: 'replaced-by', other: { identifier: { value } } }] });

async function given(...patients: Patient[]): Promise<void> {
  for (const patient of patients) {
    await insert('patients', PATIENT_COLUMNS, rowOf(patient, TODAY));
    for (const name of nameRowsOf(patient, TODAY)) await insert('patient_names', NAME_COLUMNS, name);
  }
}

async function insert<R>(table: string, columns: readonly (keyof R & string)[], row: R): Promise<void> {
  await pool.query(
    `INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map((_, i) => `$${i + 1}`).join()})`,
    columns.map((column) => row[column]),
  );
}

/** NHS number to score, best first; or `too-many`. */
async function find(query: Record<string, unknown>): Promise<Record<string, number> | 'too-many'> {
  const found = await search.find(parseSearch({ birthdate: '1985-10-22', ...query }, 'user-restricted'));
  return found === 'too-many' ? found : Object.fromEntries(found.hits.map(({ nhsNumber, score }) => [`n${nhsNumber}`, score]));
}

const hit = (number = JANE, score: unknown = 1) => ({ [`n${number}`]: score });
/** The score of a partial match: an `_exact-match` proves it below 1. */
const partly = expect.any(Number) as unknown;
const fuzzy = { '_fuzzy-match': 'true' };
const none = {};

describe('PDS search that is not fuzzy', () => {
  beforeEach(() =>
    given(
      aPatient({
        name: [
          { use: 'usual', family: 'Smith', given: ['Jane', 'Marie'] },
          { use: 'nickname', family: 'Smith', given: ['Janie'] },
          { use: 'maiden', family: 'Jones', given: ['Jane', 'Marie'] },
        ],
        address: [
          { use: 'home', postalCode: 'LS1 6AE' },
          { use: 'old', postalCode: 'YO1 5GG' },
        ],
        telecom: [
          { system: 'email', use: 'home', value: 'Jane.Smith@example.com' },
          { system: 'email', use: 'old', value: 'historic@example.com' },
          { system: 'phone', use: 'mobile', value: '00917855986859' },
        ],
        managingOrganization: { identifier: { value: 'Y12345' } },
        deceasedDateTime: '2020-03-04T00:00:00+00:00',
      }),
    ),
  );

  it.each<[string, Record<string, unknown>]>([
    ['family, in any case', { family: 'SMITH' }],
    ['a range of birth dates', { family: 'smith', birthdate: ['ge1980-01-01', 'le1985-10-22'] }],
    ['birth dates from a day on', { family: 'smith', birthdate: 'ge1985-10-22' }],
    ['birth dates up to a day', { family: 'smith', birthdate: 'le1985-10-22' }],
    ['the first given name', { family: 'smith', given: 'jane' }],
    ['a nickname', { family: 'smith', given: 'janie' }],
    ['the middle name too', { family: 'smith', given: ['JANE', 'MARIE'] }],
    ['gender', { family: 'smith', gender: 'female' }],
    ['postcode without its space', { family: 'smith', 'address-postalcode': 'ls16ae' }],
    ['postcode by its older parameter', { family: 'smith', 'address-postcode': 'LS1 6AE' }],
    ['practice, in any case', { family: 'smith', 'general-practitioner': 'a20047' }],
    ['managing organisation', { family: 'smith', 'managing-organization': 'y12345' }],
    ['e-mail, in any case', { family: 'smith', email: 'JANE.smith@example.com' }],
    ['phone with its country prefix', { family: 'smith', phone: '00917855986859' }],
    ['death date', { family: 'smith', 'death-date': '2020-03-04' }],
    ['a range of death dates', { family: 'smith', 'death-date': ['ge2020-01-01', 'le2020-12-31'] }],
    ['_exact-match', { family: 'smith', '_exact-match': 'true' }],
  ])('finds by %s, scored 1', async (_, query) => expect(await find(query)).toEqual(hit()));

  it.each<[string, Record<string, unknown>]>([
    ['a wildcard in family', { family: 'sm*' }],
    ['a wildcard inside family', { family: 'smi*h' }],
    ['a wildcard in the first given name', { family: 'smith', given: 'ja*' }],
    ['a wildcard in the postcode', { family: 'smith', 'address-postalcode': 'LS1*' }],
    ['a previous family name with _history', { family: 'jones', _history: 'true' }],
    ['a previous postcode with _history', { family: 'smith', 'address-postalcode': 'YO1 5GG', _history: 'true' }],
    ['a previous e-mail address with _history', { family: 'smith', email: 'Historic@example.com', _history: 'true' }],
    ['the recipe of unattended tracing', { given: 'jan*', family: 'smith', 'address-postalcode': 'LS*', _history: 'true' }],
  ])('finds by %s, scored below 1', async (_, query) => {
    expect(await find(query)).toEqual(hit(JANE, partly));
    expect(await find({ ...query, '_exact-match': 'true' })).toEqual(none);
  });

  it.each<[string, Record<string, unknown>]>([
    ['homophones', { family: 'smyth' }],
    ['transposed names', { family: 'jane', given: 'smith' }],
    ['accents', { family: 'smíth' }],
    ['a short form', { family: 'smith', given: 'jan' }],
    ['another birth date', { family: 'smith', birthdate: '1985-10-23' }],
    ['another gender', { family: 'smith', gender: 'male' }],
    ['a wildcard that starts a middle name', { family: 'smith', given: 'mar*' }],
    ['a middle name that is not recorded', { family: 'smith', given: ['jane', 'anne'] }],
    ['a wrong postcode', { family: 'smith', 'address-postalcode': 'LS1 6AF' }],
    ['part of a postcode without wildcard', { family: 'smith', 'address-postalcode': 'LS1' }],
    ['a malformed postcode', { family: 'smith', 'address-postalcode': 'LS1@6AE' }],
    ['another practice', { family: 'smith', 'general-practitioner': 'A20048' }],
    ['another organisation', { family: 'smith', 'managing-organization': 'Y12346' }],
    ['another e-mail address', { family: 'smith', email: 'john@example.com' }],
    ['a wildcard in e-mail', { family: 'smith', email: 'jane*' }],
    ['part of a phone number', { family: 'smith', phone: '7855986859' }],
    ['another death date', { family: 'smith', 'death-date': '2020-03-05' }],
    ['a previous family name without _history', { family: 'jones' }],
    ['a previous postcode without _history', { family: 'smith', 'address-postalcode': 'YO1 5GG' }],
    ['a previous e-mail address without _history', { family: 'smith', email: 'historic@example.com' }],
    ["LIKE's own wildcards", { family: 'sm_th*' }],
    ["LIKE's percent sign", { family: 'smi%', given: 'j%' }],
    ["LIKE's escape", { family: 'smi\\*', given: 'jan\\*' }],
    ['a quote', { family: "smi'*" }],
    ['a lone surrogate', { family: 'smi\ud800*' }],
    ['an empty range', { family: 'smith', birthdate: ['ge1990-01-01', 'le1980-01-01'] }],
  ])('does not find by %s', async (_, query) => expect(await find(query)).toEqual(none));

  it('finds by a compound first name and its middle name', async () => {
    await given(aPatient({ id: aNumber(2), ...named('Smith', 'John Paul', 'James'), gender: 'male' }));
    expect(await find({ family: 'smith', given: ['John Paul', 'James'] })).toEqual(hit(aNumber(2)));
    expect(await find({ family: 'smith', given: 'John*' })).toEqual(hit(aNumber(2), partly));
    expect(await find({ family: 'smith', given: 'John' })).toEqual(none);
  });

  it('answers with the whole record', async () => {
    const found = await search.find(parseSearch({ family: 'smith', birthdate: '1985-10-22' }, 'application-restricted'));
    expect(found !== 'too-many' && (JSON.parse(found.hits[0]!.record) as Patient).id).toBe(JANE);
  });
});

describe('PDS fuzzy search', () => {
  beforeEach(() =>
    given(
      aPatient(),
      aPatient({
        id: aNumber(2),
        ...named('Attisón', 'Pauline'),
        birthDate: '1960-07-14',
        address: [{ use: 'home', postalCode: 'DN19 7DX' }],
      }),
      aPatient({ id: aNumber(3), ...named('Attison', 'Pauline', 'Mary', 'Jane'), birthDate: '1960-07-14' }),
      aPatient({
        id: aNumber(4),
        name: [
          { use: 'usual', family: 'Garton', given: ['Joseph'] },
          { use: 'old', family: 'Bloggs', given: ['Joseph'] },
        ],
        birthDate: '1955-11-05',
      }),
    ),
  );

  it.each<[string, Record<string, unknown>, string?]>([
    ['homophones', { family: 'smythe', given: 'jayne' }],
    ['given and family transposed', { family: 'jane', given: 'smith' }],
    ['an initial', { family: 'smith', given: 'J' }],
    ['extra middle names', { family: 'smith', given: ['jane', 'marie', 'anne'] }],
    ['a wrong postcode where the rest identifies one record', { family: 'smith', given: 'jane', 'address-postalcode': 'DN18 8JY' }],
    ['a malformed postcode', { family: 'smith', given: 'jane', 'address-postalcode': 'DN15258JY' }],
    ['family, gender and postcode', { family: 'smyth', gender: 'female', 'address-postalcode': 'LS1 6AE' }],
    ['given, gender and postcode', { given: 'jane', gender: 'female', 'address-postalcode': 'LS1 6AE' }],
    ['a phone number with a wrong digit', { family: 'smith', given: 'jane', phone: '07700900183', 'address-postalcode': 'LS1 6AE' }],
    ['a mismatching practice', { family: 'smith', given: 'jane', 'general-practitioner': 'V81997' }],
    ['a mismatching death date', { family: 'smith', given: 'jane', 'death-date': '2020-01-01' }],
    ['a range of birth dates', { family: 'smyth', given: 'jane', birthdate: ['ge1980-01-01', 'le1990-01-01'] }],
    ['a range without family', { given: 'jane', gender: 'female', 'address-postalcode': 'LS1 6AE', birthdate: 'ge1980-01-01' }],
    ['transposed names in a range', { family: 'jane', given: 'smith', birthdate: 'ge1980-01-01' }],
    ['a short form, a homophone of a previous name', { family: 'Blogs', given: 'Joe', birthdate: '1955-11-05' }, aNumber(4)],
  ])('finds by %s', async (_, query, number = JANE) => {
    expect(await find({ ...fuzzy, ...query })).toEqual(hit(number, partly));
    expect(await find({ ...fuzzy, ...query, '_exact-match': 'true' })).toEqual(none);
  });

  it('scores 1 when all agrees', async () => {
    expect(await find({ ...fuzzy, family: 'smith', given: ['jane', 'marie'], gender: 'female', '_exact-match': 'true' })).toEqual(hit());
  });

  it('folds accents and puts the better match first', async () => {
    const query = { ...fuzzy, family: 'ATTSÖN', given: 'PÀULINÉ', birthdate: '1960-07-14' };
    const found = await find(query);
    expect(Object.keys(found)).toEqual([`n${aNumber(2)}`, `n${aNumber(3)}`]);
    expect(await find({ ...query, 'address-postcode': 'DN19 7DX' })).toEqual(hit(aNumber(2), partly));
    expect(await find({ ...query, 'address-postcode': 'ZZ99 7CZ' })).toEqual(none);
  });

  it.each([
    ['Özil', 'Ozil'], ['Ozil', 'Özil'], ['Ærø', 'Aeroe'], ["'t Hooft", 'Thoft'], ['Zulu', 'Zullu'], ["O'Neill-Smith", 'ONeil Smith'],
    ['İpek', 'Ipeck'],
  ])('finds %s as %s', async (family, typed) => {
    await given(aPatient({ id: aNumber(5), ...named(family, 'Ada'), birthDate: '1990-01-01' }));
    const query = { ...fuzzy, family: typed, given: 'ada' };
    for (const birthdate of ['1990-01-01', 'ge1989-01-01']) expect(await find({ ...query, birthdate })).toEqual(hit(aNumber(5), partly));
  }); // prettier-ignore

  it.each<[string, Record<string, unknown>]>([
    ['another birth date', { family: 'smith', given: 'jane', birthdate: '1985-10-21' }],
    ['an e-mail address with a typo', { family: 'smith', given: 'jane', email: 'jan.smith@example.com' }],
    ['a wrong phone number', { family: 'smith', given: 'jane', phone: '07700900183' }],
    ['another given name', { family: 'smith', given: 'susan' }],
    ['another family name', { family: 'jones', given: 'jane' }],
    ["a pattern's characters", { family: '%', given: '_' }],
  ])('does not find by %s', async (_, query) => expect(await find({ ...fuzzy, ...query })).toEqual(none));
});

describe('PDS search: too many matches', () => {
  beforeEach(() => given(...Array.from({ length: 51 }, (_, i) => aPatient({ id: aNumber(i), gender: i < 2 ? 'male' : 'female' }))));

  it('more than 50 are too many', async () => {
    expect(await find({ family: 'smith' })).toBe('too-many');
    expect(await find({ family: 'smi*' })).toBe('too-many');
    expect(await find({ ...fuzzy, family: 'smith', given: 'jane' })).toBe('too-many');
  });

  it('more than _max-results are too many, as many are not', async () => {
    expect(await find({ family: 'smith', gender: 'male', '_max-results': '1' })).toBe('too-many');
    expect(await find({ ...fuzzy, family: 'smith', given: 'jane', gender: 'male', '_max-results': '1' })).toBe('too-many');
    expect(await find({ family: 'smith', gender: 'male', '_max-results': '2' })).toEqual({ ...hit(aNumber(0)), ...hit(aNumber(1)) });
    expect(Object.keys(await find({ family: 'smith', gender: 'female' }))).toHaveLength(49);
  });

  it('far more than _max-results are too many for an application', async () => {
    await given(...Array.from({ length: 60 }, (_, i) => aPatient({ id: aNumber(i + 100) })));
    expect(await search.find(parseSearch({ family: 'smith', birthdate: '1985-10-22' }, 'application-restricted'))).toBe('too-many');
  });

  it('equal scores are in order of NHS number', async () => {
    expect(Object.keys(await find({ family: 'smith', gender: 'male' }))).toEqual([`n${aNumber(0)}`, `n${aNumber(1)}`]);
  });
});

describe('PDS search: superseded and invalidated records', () => {
  const [first, second, third] = [aNumber(11), aNumber(12), aNumber(13)];

  it('a superseded number is answered with its successor, merge by merge', async () => {
    await given(
      aPatient({ id: first, ...replacedBy(second) }),
      aPatient({ id: second, ...named('Brown', 'Jane'), ...replacedBy(third) }),
      aPatient({ id: third, ...named('White', 'Jane') }),
    );
    for (const family of ['smith', 'brown']) expect(await find({ family })).toEqual(hit(third, 0.9));
    expect(await find({ ...fuzzy, family: 'smyth', given: 'jane' })).toEqual(hit(third, partly));
    const found = await search.find(parseSearch({ family: 'smith', birthdate: '1985-10-22' }, 'user-restricted'));
    expect(found !== 'too-many' && (JSON.parse(found.hits[0]!.record) as Patient).id).toBe(third);
  });

  it('a person is one hit, however many of their numbers match, by the best', async () => {
    await given(aPatient({ id: first, ...replacedBy(third) }), aPatient({ id: second, ...replacedBy(third) }), aPatient({ id: third }));
    expect(await find({ family: 'smith', '_max-results': '1' })).toEqual(hit(third));
    expect(await find({ ...fuzzy, family: 'smith', given: ['jane', 'marie'], '_max-results': '1' })).toEqual(hit(third));
    const wrongPostcode = { ...fuzzy, family: 'smith', given: 'jane', 'address-postalcode': 'DN18 8JY' };
    expect(await find(wrongPostcode)).toEqual(hit(third, partly));
  });

  it('a circle of merges, or a successor that is not there, leads to nobody', async () => {
    await given(aPatient({ id: first, ...replacedBy(second) }), aPatient({ id: second, ...replacedBy(first) }));
    await given(aPatient({ id: third, ...replacedBy(aNumber(14)) }));
    expect(await find({ family: 'smith' })).toEqual(none);
    expect(await find({ ...fuzzy, family: 'smith', given: 'jane' })).toEqual(none);
  });

  it('an invalidated record never appears, its successor does', async () => {
    await given(aPatient({ id: first }, 'REDACTED'));
    expect(await find({ family: 'smith' })).toEqual(none);
    await given(aPatient({ id: second, ...replacedBy(third) }, 'REDACTED'), aPatient({ id: third }));
    expect(await find({ family: 'smith' })).toEqual(hit(third));
  });
});

describe('PDS search: restricted and very restricted records', () => {
  it('a restricted record is found by its names, but not where a postcode or an organisation is a criterion', async () => {
    await given(aPatient({}, 'R'));
    expect(await find({ family: 'smith', given: 'jane', gender: 'female' })).toEqual(hit());
    expect(await find({ ...fuzzy, family: 'smith', given: 'jane' })).toEqual(hit(JANE, partly));
    for (const criterion of [
      { 'address-postalcode': 'LS1 6AE' },
      { 'address-postcode': 'LS*' },
      { 'general-practitioner': 'A20047' },
      { 'managing-organization': 'A20047' },
    ]) {
      expect(await find({ family: 'smith', ...criterion })).toEqual(none);
    }
    // Neither a right postcode nor a wrong one tells where the person does not live.
    for (const criterion of [
      { 'address-postalcode': 'LS1 6AE' },
      { 'address-postalcode': 'DN18 8JY' },
      { 'general-practitioner': 'V81997' },
    ]) {
      expect(await find({ ...fuzzy, family: 'smith', given: 'jane', ...criterion })).toEqual(none);
    }
  });

  it('nor is it reached through a superseded number', async () => {
    await given(aPatient({ id: aNumber(2), ...replacedBy(JANE) }), aPatient({}, 'R'));
    expect(await find({ family: 'smith', 'address-postalcode': 'LS1 6AE' })).toEqual(none);
  });

  it('a very restricted record is never found: a hit would confirm the name that answers withhold', async () => {
    await given(aPatient({}, 'V'), aPatient({ id: aNumber(2), ...replacedBy(JANE) }));
    await insert('patient_names', NAME_COLUMNS, nameRowsOf(aPatient(), TODAY)[0]!);
    expect(await find({ family: 'smith' })).toEqual(none);
    expect(await find({ ...fuzzy, family: 'smith', given: 'jane' })).toEqual(none);
  });
});
