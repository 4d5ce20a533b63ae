import fc from 'fast-check';
import { fuzzyScore, nameScorer, type RecordedFacts, type RecordedName } from './fuzzy-score';
import type { PatientSearchCriteria } from './search-parameters';

const JANE: RecordedName = { family: 'smith', given: ['jane', 'marie'], previous: false };
const FACTS: RecordedFacts = {
  gender: 'female',
  postcodes: ['LS16AE'],
  previous_postcodes: ['YO15GG'],
  emails: ['jane@example.com'],
  previous_emails: ['old@example.com'],
  phones: ['07700 900123'],
  previous_phones: ['01632960587'],
  death_date: '2020-03-04',
  general_practitioner: 'A20047',
  managing_organization: null,
};

function asked(criteria: Partial<PatientSearchCriteria> = {}): PatientSearchCriteria {
  const birthDate = { from: '1985-10-22', to: '1985-10-22' };
  const defaults = { fuzzy: true, exactOnly: false, history: false, maxResults: 50, birthDate, family: 'smith', given: ['jane', 'marie'] };
  return { ...defaults, ...criteria };
}

function score(criteria: Partial<PatientSearchCriteria>, name = JANE, facts: Partial<RecordedFacts> = {}): number | undefined {
  const search = asked(criteria);
  const names = nameScorer(search)(name);
  return names && fuzzyScore(search, names, { ...FACTS, ...facts })?.score;
}

const byPostcode = { gender: 'female', postcode: 'LS16AE' };

describe('PDS fuzzy matching: the score', () => {
  it('is 1 when all agrees', () => {
    const all = { ...byPostcode, email: 'jane@example.com', phone: '07700900123', generalPractitioner: 'A20047' };
    expect(score(all)).toBe(1);
    expect(score({ ...all, deathDate: { from: '2020-01-01', to: '2020-12-31' } })).toBe(1);
  });

  it.each<[string, Partial<PatientSearchCriteria>, RecordedName]>([
    ['homophones', { family: 'smyth', given: ['jayne'] }, JANE],
    ['given and family transposed', { family: 'jane', given: ['smith'] }, JANE],
    ['transposed homophones', { family: 'jayne', given: ['smythe'] }, JANE],
    ['a shortened first name', { family: 'almond', given: ['joe'] }, { family: 'almond', given: ['joseph'], previous: false }],
    ['an initial', { given: ['j'] }, JANE],
    ['the initial of a middle name', { given: ['jane m'] }, JANE],
    ['an extra middle name', { given: ['jane', 'marie', 'anne'] }, JANE],
    ['first and middle name the other way round', { given: ['marie jane'] }, JANE],
    ['accents', { family: 'attsön', given: ['pàuliné'] }, { family: 'attison', given: ['pauline', 'mary'], previous: false }],
    ['a previous family name', {}, { ...JANE, previous: true }],
    ['another gender, perhaps the previous one', { gender: 'male' }, JANE],
    ['a gender that is not known', { gender: 'unknown' }, JANE],
    ['a previous postcode', { postcode: 'YO15GG' }, JANE],
    ['a wrong postcode', { postcode: 'DN188JY' }, JANE],
    ['a malformed postcode', { postcode: 'DN15258JY' }, JANE],
    ['a previous e-mail address', { email: 'old@example.com' }, JANE],
    ['a previous phone number', { phone: '01632960587' }, JANE],
    ['a phone number with one digit wrong and the postcode', { phone: '07700900183', postcode: 'LS16AE' }, JANE],
    ['another practice', { generalPractitioner: 'V81997' }, JANE],
    ['another organisation', { managingOrganization: 'Y12345' }, JANE],
    ['another death date', { deathDate: { from: '2021-01-01', to: '2021-01-01' } }, JANE],
    ['family, gender and postcode alone, homophone', { ...byPostcode, given: [], family: 'smythe' }, JANE],
    ['given, gender and postcode alone, initial', { ...byPostcode, given: ['j'], family: undefined }, JANE],
  ])('is below 1, but a hit, with %s', (_, criteria, name) => {
    const result = score(criteria, name);
    expect(result).toBeGreaterThanOrEqual(0.75);
    expect(result).toBeLessThan(1);
  });

  it.each<[string, Partial<PatientSearchCriteria>]>([
    ['another family name', { family: 'jones' }],
    ['another given name', { given: ['susan'] }],
    ['a sibling who shares the middle name', { given: ['susan', 'marie'] }],
    ['another given name, though gender and postcode agree', { ...byPostcode, given: ['susan'] }],
    ['a given name without letters', { given: ['李'] }],
    ['a family name without letters', { family: '李' }],
    ['an e-mail address with an error', { email: 'jan@example.com' }],
    ['a phone number with one digit wrong and no postcode', { phone: '07700900183' }],
    ['a phone number with one digit wrong and a wrong postcode', { phone: '07700900183', postcode: 'DN188JY' }],
    ['a phone number with two digits wrong', { phone: '07700900784', postcode: 'LS16AE' }],
    ['no given name and a wrong postcode', { gender: 'female', postcode: 'DN188JY', given: [] }],
    ['no given name and another gender', { gender: 'male', postcode: 'LS16AE', given: [] }],
    ['no family name and a wrong postcode', { gender: 'female', postcode: 'DN188JY', family: undefined }],
    ['too much that differs', { family: 'jayne', given: ['s'], gender: 'male', postcode: 'DN188JY', generalPractitioner: 'V81997' }],
  ])('is none with %s', (_, criteria) => expect(score(criteria)).toBeUndefined());

  it('falls with each doubt', () => {
    const order = [{}, { given: ['jane'] }, { family: 'smyth' }, { family: 'smyth', given: ['j'] }, { family: 'jayne', given: ['smyth'] }];
    const scores = order.map((criteria) => score(criteria)!);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(new Set(scores).size).toBe(order.length);
  });

  it('says when the postcode is wrong', () => {
    const search = asked({ postcode: 'DN188JY' });
    expect(fuzzyScore(search, { family: 1, given: 1 }, FACTS)).toEqual({ score: 0.8571, wrongPostcode: true });
    expect(fuzzyScore(asked({ postcode: 'LS16AE' }), { family: 1, given: 1 }, FACTS)).toEqual({ score: 1, wrongPostcode: false });
  });

  it('is the same every time, has four decimals and lies between the least score and 1', () => {
    const name = fc.constantFrom('smith', 'smyth', 'jane', 'j', 'jayne', 'marie', "o'neill", 'é', '', '-');
    const criteria = fc.record({
      family: fc.option(name, { nil: undefined }),
      given: fc.array(name, { maxLength: 3 }),
      gender: fc.constantFrom('male', 'female', 'unknown', undefined),
      postcode: fc.constantFrom('LS16AE', 'YO15GG', '', undefined),
      phone: fc.constantFrom('07700900123', '7', '', undefined),
    });
    fc.assert(
      fc.property(criteria, name, fc.array(name, { maxLength: 3 }), fc.boolean(), (criteria, family, given, previous) => {
        const first = score(criteria, { family, given, previous });
        expect(score(criteria, { family, given, previous })).toBe(first);
        if (first === undefined) return;
        expect(first).toBe(Number(first.toFixed(4)));
        expect(first >= 0.75 && first <= 1).toBe(true);
      }),
    );
  });
});
