import fc from 'fast-check';
import { editDistance, familyLikeness, familyWord, givenLikeness, givenNamesLikeness, givenWords } from './name-likeness';

const word = fc.string({ unit: fc.constantFrom(...'abcdehijklmnoprstwyz'), minLength: 1, maxLength: 12 });

describe('words of names', () => {
  it('a family name is one', () => expect(familyWord("O'Neill-Smith")).toBe('oneillsmith'));
  it('given names are several', () => expect(givenWords(['Anne-Marie', 'J.', "D'Arcy"])).toEqual(['anne', 'marie', 'j', 'darcy']));
});

describe('edit distance', () => {
  it.each([['', '', 0], ['abc', '', 3], ['kitten', 'sitting', 3], ['07700900123', '07700900183', 1], ['0770', '07770', 1]])(
    'of %s and %s is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance)); // prettier-ignore

  it('is symmetric and bounded by the longer', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('family names', () => {
  it.each([
    ['smith', 'smyth'], ['blogs', 'bloggs'], ['attson', 'attison'], ['stuart', 'stewart'], ['magyn', 'magin'], ['smith', 'schmidt'],
  ])('%s and %s are homophones', (a, b) => {
    expect(familyLikeness(a, b)).toBeGreaterThan(0.8);
    expect(familyLikeness(a, b)).toBeLessThan(1);
  }); // prettier-ignore
  it.each([['smith', 'jones'], ['smith', 'smithson'], ['', ''], ['', 'smith']])('%s and %s are not', (a, b) =>
    expect(familyLikeness(a, b)).toBe(0),
  );
});

describe('given names', () => {
  it.each([
    ['joe', 'joseph'], ['mat', 'matthew'], ['ben', 'benjamin'], ['bill', 'william'], ['liz', 'elizabeth'], ['peggy', 'margaret'],
    ['ted', 'edward'], ['kate', 'catherine'], ['catherine', 'katherine'], ['justen', 'justin'], ['stephen', 'steven'], ['jon', 'john'],
    ['j', 'james'], ['james', 'j'], ['mohammed', 'muhammad'], ['sean', 'shaun'],
  ])('%s may be %s', (a, b) => {
    expect(givenLikeness(a, b)).toBeGreaterThanOrEqual(0.8);
    expect(givenLikeness(a, b)).toBeLessThan(1);
  }); // prettier-ignore
  it.each([
    ['john', 'jane'], ['jim', 'jane'], ['j', 'robert'], ['', ''], ['', 'james'], ['al', 'alma'], ['mary', 'peter'],
  ])('%s is not %s', (a, b) => expect(givenLikeness(a, b)).toBe(a === b ? 1 : 0)); // prettier-ignore

  it.each<[string, string[], string[]]>([
    ['the same', ['jane'], ['jane']],
    ['with further middle names recorded', ['pauline'], ['pauline', 'mary', 'jane']],
    ['with a middle name that is not recorded', ['jane', 'marie'], ['jane']],
    ['in another order', ['damien', 'joseph'], ['joseph', 'damien']],
    ['known by the middle name', ['willis'], ['jason', 'willis']],
    ['the first name left out of the record', ['mary', 'jane'], ['jane']],
    ['with an initial for the middle name', ['toby', 'j'], ['toby', 'james']],
    ['compound with an initial', ['anne', 'marie', 'j'], ['anne', 'marie', 'jane']],
  ])('%s: agree', (_, asked, recorded) => expect(givenNamesLikeness(asked, recorded)).toBeGreaterThan(0.85));

  it.each<[string, string[], string[]]>([
    ['of siblings who share a middle name', ['john', 'james'], ['peter', 'james']],
    ['none asked for', [], ['jane']],
    ['none recorded', ['jane'], []],
  ])('%s: do not agree', (_, asked, recorded) => expect(givenNamesLikeness(asked, recorded)).toBe(0));

  it('agree wholly with themselves alone', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.array(word, { minLength: 1, maxLength: 4 }), (asked, recorded) => {
        expect(givenNamesLikeness(asked, asked)).toBe(1);
        const likeness = givenNamesLikeness(asked, recorded);
        expect(likeness).toBeGreaterThanOrEqual(0);
        expect(likeness === 1).toBe(asked.join() === recorded.join());
      }),
    );
  });
});
