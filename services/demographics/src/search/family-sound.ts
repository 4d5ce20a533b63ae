import { fold } from './name-likeness';

const CODED = 'bfpvcgjkqsxzdtlmnraeiouyhw';
const CODES = '111122222222334556......';

/** Lower case accented letters of names (up to U+017F) and the letter that each sounds as. */
const ACCENTED = Array.from({ length: 0x180 - 0xdf }, (_, i) => String.fromCharCode(0xdf + i)).filter(
  (letter) => letter === letter.toLowerCase() && fold(letter) !== '',
);
const PLAIN = ACCENTED.map((letter) => fold(letter).charAt(0));

/** translate() drops what it has no letter for: spaces, hyphens, apostrophes, full stops, digits, and the dot of a lower case İ. */
const WORD = `translate(family, '${ACCENTED.join('')} -''.0123456789\u0307', '${PLAIN.join('')}')`;
const RUNS_COLLAPSED = `regexp_replace(translate(${WORD}, '${CODED}', '${CODES}'), '(.)\\1+', '\\1', 'g')`;
const FIRST_CODE = `translate(left(${WORD}, 1), '${CODED}', '${CODES}')`;

/**
 * Soundex of a family name in SQL, equal to `soundex(familyWord(family))` for every name that a record may hold: the first
 * letter, then the codes of the rest without the first letter's own and the vowels (`.`). It spares the
 * answer of a fuzzy search the names that cannot agree.
 */
export const FAMILY_SOUND = `left(${WORD}, 1) || left(replace(substr(${RUNS_COLLAPSED}, 1 + length(${FIRST_CODE})), '.', '') || '000', 3)`;
