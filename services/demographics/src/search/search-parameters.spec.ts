import type { AccessMode } from '@carespine/access-control';
import { Fault, type FaultCode } from '@carespine/fhir';
import fc from 'fast-check';
import { parseSearch } from './search-parameters';

const ENOUGH = { family: 'Smith', birthdate: '2010-10-22' };
const FUZZY = { ...ENOUGH, given: 'Jane', '_fuzzy-match': 'true' };
const TOO_LITTLE =
  "Invalid search data provided - 'No searches were performed as the search criteria did not meet the minimum requirements'";
const NOT_FUZZY =
  "Invalid search data provided - 'A fuzzy search was requested however the data given did not meet the fuzzy search criteria'";
const NO_BIRTH_DATE = "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'";

const parse = (query: Record<string, unknown>, mode: AccessMode = 'user-restricted') => parseSearch(query, mode);

function faultOf(query: Record<string, unknown>, mode: AccessMode = 'user-restricted'): Fault {
  try {
    parseSearch(query, mode);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(query)}`);
}

describe('PDS search: parameters', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['family in any case', { family: 'SMITH' }, { family: 'smith' }],
    ['a family name of 35 characters', { family: 'é'.repeat(35) }, { family: 'é'.repeat(35) }],
    ['a family name of composed letters', { family: 'Zoe\u0308' }, { family: 'zoë' }],
    ['a wildcard from the third character of family', { family: 'Sm*' }, { family: 'sm*' }],
    ['a wildcard inside family', { family: 'Smi*h' }, { family: 'smi*h' }],
    ['given of several words, the first name', { given: 'John  Paul ' }, { given: ['john paul'] }],
    ['given repeated, the first and the middle names', { given: ['John Paul', 'James'] }, { given: ['john paul', 'james'] }],
    ['middle names of one value, split as the record does', { given: ['Jane', 'Marie Anne'] }, { given: ['jane', 'marie', 'anne'] }],
    ['a wildcard in the first given name', { given: 'Jan*' }, { given: ['jan*'] }],
    ['gender male', { gender: 'male' }, { gender: 'male' }],
    ['gender female', { gender: 'female' }, { gender: 'female' }],
    ['gender other', { gender: 'other' }, { gender: 'other' }],
    ['gender unknown', { gender: 'unknown' }, { gender: 'unknown' }],
    ['birthdate without prefix as eq', { birthdate: '2010-10-22' }, { birthDate: { from: '2010-10-22', to: '2010-10-22' } }],
    ['birthdate eq', { birthdate: 'eq2010-10-22' }, { birthDate: { from: '2010-10-22', to: '2010-10-22' } }],
    ['birthdate ge alone', { birthdate: 'ge2010-10-22' }, { birthDate: { from: '2010-10-22', to: '9999-12-31' } }],
    ['birthdate le alone', { birthdate: 'le2010-10-22' }, { birthDate: { from: '0001-01-01', to: '2010-10-22' } }],
    ['a range of birthdate', { birthdate: ['ge2010-10-21', 'le2010-10-23'] }, { birthDate: { from: '2010-10-21', to: '2010-10-23' } }],
    ['a range, le first', { birthdate: ['le2010-10-23', 'ge2010-10-21'] }, { birthDate: { from: '2010-10-21', to: '2010-10-23' } }],
    ['birthdate on a leap day', { birthdate: '2012-02-29' }, { birthDate: { from: '2012-02-29', to: '2012-02-29' } }],
    ['death-date', { 'death-date': 'le2019-02-28' }, { deathDate: { from: '0001-01-01', to: '2019-02-28' } }],
    ['a range of death-date', { 'death-date': ['ge2019-01-01', 'le2019-02-28'] }, { deathDate: { from: '2019-01-01', to: '2019-02-28' } }],
    ['address-postalcode without regard to spaces and case', { 'address-postalcode': 'ls1 6ae' }, { postcode: 'LS16AE' }],
    ['a wildcard in address-postalcode', { 'address-postalcode': 'dn17*' }, { postcode: 'DN17*' }],
    ['address-postcode, its older name', { 'address-postcode': 'LS16AE' }, { postcode: 'LS16AE' }],
    ['general-practitioner in any case', { 'general-practitioner': 'a20047' }, { generalPractitioner: 'A20047' }],
    ['managing-organization', { 'managing-organization': 'y12345' }, { managingOrganization: 'Y12345' }],
    ['email in any case', { email: 'Jane.Smith@Example.com' }, { email: 'jane.smith@example.com' }],
    ['phone as it stands', { phone: '0091 7855986859' }, { phone: '0091 7855986859' }],
    ['_fuzzy-match', { '_fuzzy-match': 'true', given: 'Jane' }, { fuzzy: true }],
    ['_fuzzy-match false by default', {}, { fuzzy: false, exactOnly: false, history: false, maxResults: 50 }],
    ['_exact-match', { '_exact-match': 'true' }, { exactOnly: true }],
    ['_history', { _history: 'true' }, { history: true }],
    ['_max-results of 1', { '_max-results': '1' }, { maxResults: 1 }],
    ['_max-results of 50', { '_max-results': '50' }, { maxResults: 50 }],
  ])('accepts %s', (_, query, criteria) => expect(parse({ ...ENOUGH, ...query })).toMatchObject(criteria));

  it.each<[string, Record<string, unknown>, FaultCode, string]>([
    ['family of 36 characters', { family: 'x'.repeat(36) }, 'INVALID_VALUE', `Invalid value - '${'x'.repeat(36)}' in field 'family'`],
    ['family twice', { family: ['Smith', 'Jones'] }, 'TOO_MANY_VALUES_SUBMITTED', "Too many values submitted - 2 in field 'family'"],
    ['an empty family', { family: '' }, 'INVALID_VALUE', "Invalid value - '' in field 'family'"],
    ['a blank family', { family: '  ' }, 'INVALID_VALUE', "Invalid value - '  ' in field 'family'"],
    ['a NUL', { family: 'Smi\0th' }, 'INVALID_VALUE', "Invalid value - 'Smi\0th' in field 'family'"],
    ['a wildcard in second place', { family: 'S*' }, 'INVALID_SEARCH_DATA', 'family'],
    ['a wildcard in first place', { family: '*mith' }, 'INVALID_SEARCH_DATA', 'family'],
    ['a given name of 36 characters', { given: ['Jane', 'x'.repeat(36)] }, 'INVALID_VALUE', "in field 'given/1'"],
    ['an empty given name', { given: ['Jane', ''] }, 'INVALID_VALUE', "Invalid value - '' in field 'given/1'"],
    ['six given names', { given: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'TOO_MANY_VALUES_SUBMITTED', "in field 'given'"],
    ['an early wildcard in given', { given: 'J*' }, 'INVALID_SEARCH_DATA', 'given'],
    ['a wildcard in a middle name', { given: ['Jane', 'Mar*'] }, 'INVALID_SEARCH_DATA', 'first given name'],
    ['an unknown gender code', { gender: 'M' }, 'INVALID_VALUE', "Invalid value - 'M' in field 'gender'"],
    ['gender twice', { gender: ['male', 'female'] }, 'TOO_MANY_VALUES_SUBMITTED', "in field 'gender'"],
    ['a date without hyphens', { birthdate: '20101022' }, 'INVALID_VALUE', "Invalid value - '20101022' in field 'birthdate'"],
    ['a date without day', { birthdate: '2010-10' }, 'INVALID_VALUE', "Invalid value - '2010-10' in field 'birthdate'"],
    ['a day that does not exist', { birthdate: '2011-02-29' }, 'INVALID_VALUE', "Invalid value - '2011-02-29' in field 'birthdate'"],
    ['a time', { birthdate: '2010-10-22T00:00:00' }, 'INVALID_VALUE', "in field 'birthdate'"],
    ['another prefix of FHIR', { birthdate: 'gt2010-10-22' }, 'INVALID_VALUE', "Invalid value - 'gt2010-10-22' in field 'birthdate'"],
    ['an empty birthdate', { birthdate: '' }, 'INVALID_VALUE', "Invalid value - '' in field 'birthdate'"],
    ['the bad one of two dates', { birthdate: ['ge2010-10-22', 'le20'] }, 'INVALID_VALUE', "Invalid value - 'le20' in field 'birthdate/1'"],
    ['three dates', { birthdate: ['ge2010-01-01', 'le2010-01-02', 'le2010-01-03'] }, 'TOO_MANY_VALUES_SUBMITTED', "in field 'birthdate'"],
    ['two dates that are no range', { birthdate: ['ge2010-01-01', 'ge2010-01-02'] }, 'INVALID_SEARCH_DATA', 'birthdate'],
    ['two exact dates', { birthdate: ['2010-01-01', '2010-01-02'] }, 'INVALID_SEARCH_DATA', 'birthdate'],
    ['a malformed death-date', { 'death-date': '20101022' }, 'INVALID_VALUE', "Invalid value - '20101022' in field 'death-date'"],
    ['both names of the postcode', { 'address-postalcode': 'LS1', 'address-postcode': 'LS1' }, 'INVALID_SEARCH_DATA', 'together'],
    ['an early wildcard in the postcode', { 'address-postalcode': 'L *' }, 'INVALID_SEARCH_DATA', 'address-postalcode'],
    ['a huge postcode', { 'address-postalcode': 'x'.repeat(500) }, 'INVALID_VALUE', "'<value not shown>' in field 'address-postalcode'"],
    ['what is no ODS code', { 'general-practitioner': 'A2*' }, 'INVALID_VALUE', "in field 'general-practitioner'"],
    ['a huge e-mail address', { email: 'x'.repeat(91) }, 'INVALID_VALUE', "in field 'email'"],
    ['a huge phone number', { phone: '0'.repeat(41) }, 'INVALID_VALUE', "in field 'phone'"],
    ['a flag that is no boolean', { _history: 'yes' }, 'INVALID_VALUE', "Invalid value - 'yes' in field '_history'"],
    ['an empty flag', { '_fuzzy-match': '' }, 'INVALID_VALUE', "in field '_fuzzy-match'"],
    ['_max-results of 0', { '_max-results': '0' }, 'INVALID_VALUE', "Invalid value - '0' in field '_max-results'"],
    ['_max-results of 51', { '_max-results': '51' }, 'INVALID_VALUE', "Invalid value - '51' in field '_max-results'"],
    ['_max-results that is no number', { '_max-results': '1e1' }, 'INVALID_VALUE', "in field '_max-results'"],
    ['a value that is not text', { family: { $ne: null } }, 'INVALID_VALUE', "Invalid value - '<value not shown>' in field 'family'"],
  ])('refuses %s', (_, query, code, diagnostics) => {
    const fault = faultOf({ ...ENOUGH, ...query });
    expect([fault.code, fault.status]).toEqual([code, 400]);
    expect(fault.message).toContain(diagnostics);
  });

  it.each([
    ['family', { family: 'Smi*' }],
    ['given', { given: 'Jan*' }],
    ['postcode', { 'address-postalcode': 'LS1*' }],
  ])('refuses a wildcard in %s of a fuzzy search', (_, query) => {
    expect(faultOf({ ...FUZZY, ...query })).toMatchObject({ code: 'INVALID_SEARCH_DATA', message: NOT_FUZZY });
  });

  it('lets a fuzzy search have a malformed postcode', () => {
    expect(parse({ ...FUZZY, 'address-postalcode': 'DN15258JY' }).postcode).toBe('DN15258JY');
  });
});

describe('PDS search: minimum criteria', () => {
  const birthdate = '2010-10-22';
  it.each<[Record<string, unknown>]>([
    [{ family: 'Smith', birthdate }],
    [{ '_fuzzy-match': 'true', given: 'Jane', family: 'Smith', birthdate }],
    [{ '_fuzzy-match': 'true', family: 'Smith', birthdate, gender: 'female', 'address-postalcode': 'LS1 6AE' }],
    [{ '_fuzzy-match': 'true', given: 'Jane', birthdate, gender: 'female', 'address-postalcode': 'LS1 6AE' }],
  ])('accepts %j', (query) => expect(() => parse(query)).not.toThrow());

  it.each<[Record<string, unknown>, string]>([
    [{ birthdate }, TOO_LITTLE],
    [{ birthdate, given: 'Jane', gender: 'female', 'address-postalcode': 'LS1 6AE' }, TOO_LITTLE],
    [{ birthdate, email: 'jane@example.com', phone: '0163' }, TOO_LITTLE],
    [{ '_fuzzy-match': 'true', birthdate, family: 'Smith' }, NOT_FUZZY],
    [{ '_fuzzy-match': 'true', birthdate, given: 'Jane' }, NOT_FUZZY],
    [{ '_fuzzy-match': 'true', birthdate, family: 'Smith', gender: 'female' }, NOT_FUZZY],
    [{ '_fuzzy-match': 'true', birthdate, given: 'Jane', 'address-postalcode': 'LS1 6AE' }, NOT_FUZZY],
    [{ '_fuzzy-match': 'true', birthdate, gender: 'female', 'address-postalcode': 'LS1 6AE' }, NOT_FUZZY],
  ])('refuses %j', (query, message) => expect(faultOf(query)).toMatchObject({ code: 'INVALID_SEARCH_DATA', message }));
});

describe('PDS search: evaluation order', () => {
  it('no parameters at all: UNSUPPORTED_SERVICE without diagnostics', () => {
    const fault = faultOf({});
    expect(fault.code).toBe('UNSUPPORTED_SERVICE');
    expect(fault.toOperationOutcome().issue[0]).not.toHaveProperty('diagnostics');
  });

  it('unknown names before malformed dates', () => {
    expect(faultOf({ year: '2003', birthdate: 'bad' })).toMatchObject({
      code: 'ADDITIONAL_PROPERTIES',
      message: "Invalid request with error - Additional properties are not allowed ('year' was unexpected)",
    });
    expect(faultOf({ manufacturer: 'Ford', model: 'focus', family: 'Smith' }).message).toBe(
      "Invalid request with error - Additional properties are not allowed ('manufacturer', 'model' were unexpected)",
    );
  });

  it('names are matched exactly', () => {
    for (const name of ['Family', 'birthDate', 'birthdate[]', '', '__proto__', 'constructor', 'family:exact', '_count']) {
      const query = Object.fromEntries([...Object.entries(ENOUGH), [name, 'x']]);
      expect(faultOf(query).code).toBe('ADDITIONAL_PROPERTIES');
    }
  });

  it('a malformed date before the missing one', () => {
    expect(faultOf({ gender: 'female', 'death-date': '20101022' }).code).toBe('INVALID_VALUE');
  });

  it('no birthdate before too little left', () => {
    const queries = [{ gender: 'female' }, { family: 'Smith' }, { email: 'a@b.example', phone: '0163' }, { '_fuzzy-match': 'true' }];
    for (const query of queries) {
      expect(faultOf(query)).toMatchObject({ code: 'MISSING_VALUE', message: NO_BIRTH_DATE });
    }
  });
});

describe('PDS search: application modes', () => {
  const modes: AccessMode[] = ['application-restricted', 'privileged-application-restricted'];

  it.each(modes)('%s finds one, sent or not', (mode) => {
    expect(parse(ENOUGH, mode).maxResults).toBe(1);
    expect(parse({ ...ENOUGH, '_max-results': '1' }, mode).maxResults).toBe(1);
  });

  it.each(modes)('%s may not ask for more', (mode) => {
    for (const wanted of ['2', '50', '0', 'all', '']) {
      const fault = faultOf({ ...ENOUGH, '_max-results': wanted }, mode);
      expect(fault.status).toBe(403);
      expect(fault.toOperationOutcome().issue[0]).toMatchObject({
        code: 'token',
        details: { coding: [{ code: 'INVALID_VALUE' }] },
        diagnostics: 'Your app has insufficient permissions to perform this search. Please contact support.',
      });
    }
  });
});

describe('PDS search: hostile input', () => {
  const name = fc.oneof(
    fc.constantFrom('family', 'given', 'birthdate', 'death-date', 'gender', 'address-postalcode', 'email', 'phone'),
    fc.constantFrom('_max-results', '_fuzzy-match', '_exact-match', '_history'),
    fc.string(),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('', '*', '%', '\\', 'true', '2010-10-22', 'ge2010-10-22', 'le2010-10-22', 'female', '\ud800', 'A'.repeat(5000)),
    fc.anything(),
  );
  const query = fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 8 })), { maxKeys: 10 });

  it('is answered with criteria or a Fault of the 400s', () => {
    fc.assert(
      fc.property(query, fc.constantFrom<AccessMode>('user-restricted', 'application-restricted'), fc.boolean(), (sent, mode, whole) => {
        try {
          expect(parseSearch(whole ? { ...sent, ...ENOUGH } : sent, mode).birthDate.from).toMatch(/^\d{4}-\d{2}-\d{2}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect([400, 403]).toContain((error as Fault).status);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
