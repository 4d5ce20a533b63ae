import { fold } from './fold';

const DIGITS: Record<string, string> = Object.fromEntries(
  Object.entries({ 1: 'bfpv', 2: 'cgjkqsxz', 3: 'dt', 4: 'l', 5: 'mn', 6: 'r' }).flatMap(([digit, letters]) =>
    [...letters].map((letter) => [letter, digit]),
  ),
);

/**
 * American Soundex of a folded word, e.g. `smith` and `smyth` are `s530`; empty for no letters.
 *
 * @see US National Archives, "Soundex System": h and w do not part equal codes, vowels do
 */
export function soundex(word: string): string {
  let code = word.slice(0, 1);
  let last = DIGITS[code];
  for (let i = 1; i < word.length && code.length < 4; i++) {
    const letter = word.charAt(i);
    if (letter === 'h' || letter === 'w') continue;
    const digit = DIGITS[letter];
    if (digit !== undefined && digit !== last) code += digit;
    last = digit;
  }
  return code && code.padEnd(4, '0');
}

/**
 * A regular expression, PostgreSQL's or ours, for names in lower case whose Soundex is that of a word: accents, hyphens and all.
 *
 * @param word folded, at least one letter
 */
export function homophonePattern(word: string): string {
  const initial = word.charAt(0);
  const digits = soundex(word).slice(1).replaceAll('0', '');
  let pattern = `^[${NO_LETTER}]*[${lettersOf((base) => base === initial)}]`;
  let last = DIGITS[initial];
  for (const digit of digits) {
    pattern += `${afterCode(last)}${last === digit ? `${VOWEL}${UNCODED}*` : `(?:${VOWEL}${UNCODED}*)?`}[${coded(digit)}]`;
    last = digit;
  }
  return digits.length === 3 ? pattern : `${pattern}${afterCode(last)}(?:${VOWEL}${UNCODED}*)?$`;
}

/** Lower case letters of names up to U+017F, those with accents among them. */
const LETTERS = Array.from({ length: 0x180 - 0x61 }, (_, i) => String.fromCharCode(0x61 + i)).filter(
  (letter) => letter === letter.toLowerCase() && fold(letter) !== '',
);
const lettersOf = (has: (base: string) => boolean) => LETTERS.filter((letter) => has(fold(letter).charAt(0))).join('');
const coded = (digit: string) => lettersOf((base) => DIGITS[base] === digit);

/** What a name may hold besides letters, the dot of a lower case İ too: not heard, nor are h and w. */
const NO_LETTER = " '.0-9\u0307-";
const silent = lettersOf((base) => base === 'h' || base === 'w') + NO_LETTER;
const vowels = lettersOf((base) => DIGITS[base] === undefined && base !== 'h' && base !== 'w');
const VOWEL = `[${vowels}]`;
const UNCODED = `[${vowels}${silent}]`;
/** Further letters of a code are not heard until a vowel parts them. */
const afterCode = (digit: string | undefined) => `[${digit ? coded(digit) : ''}${silent}]*`;
