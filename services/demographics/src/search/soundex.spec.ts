import fc from 'fast-check';
import { familyWord } from './name-likeness';
import { homophonePattern, soundex } from './soundex';

describe('US National Archives: the Soundex System', () => {
  it.each([
    ['washington', 'w252'], ['lee', 'l000'], ['gutierrez', 'g362'], ['pfister', 'p236'], ['jackson', 'j250'], ['tymczak', 't522'],
    ['ashcraft', 'a261'], ['ashcroft', 'a261'], ['robert', 'r163'], ['rupert', 'r163'], ['smith', 's530'], ['smyth', 's530'],
    ['smythe', 's530'], ['schmidt', 's530'], ['honeyman', 'h555'], ['', ''],
  ])('%s is %s', (name, code) => expect(soundex(name)).toBe(code)); // prettier-ignore
});

describe('the pattern of homophones', () => {
  const latin = Array.from({ length: 0x180 }, (_, i) => String.fromCharCode(i).toLowerCase());
  const letters = latin.filter((letter) => /[ '.\-0-9a-zß-öø-ſ]/.test(letter));
  const likely = fc.constantFrom(...'aehwsckmnbdtlr', ...letters);
  const name = fc.array(likely, { minLength: 1, maxLength: 9 }).map((parts) => parts.join(''));

  it.each([
    "o'neill-smith", 'st. john', 'pfister', 'ashcraft', 'tymczak', 'whyte', 'hwang', 'lloyd', 'straße', 'þórsson', "'t hooft", 'i̇pek',
  ])('finds %s', (name) => expect(new RegExp(homophonePattern(familyWord(name))).test(name)).toBe(true)); // prettier-ignore

  it('finds a name exactly where the Soundex is the same', () => {
    fc.assert(
      fc.property(name, name, fc.boolean(), (asked, other, isAlike) => {
        const word = familyWord(asked);
        fc.pre(word !== '');
        const recorded = isAlike ? `${asked.charAt(0)}h${asked.slice(1)}${other.slice(0, 2)}` : other;
        expect(new RegExp(homophonePattern(word)).test(recorded)).toBe(soundex(familyWord(recorded)) === soundex(word));
      }),
      { numRuns: 20_000 },
    );
  });
});
