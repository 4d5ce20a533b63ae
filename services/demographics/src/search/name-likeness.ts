import { fold } from './fold';
import { shareShortForm } from './short-forms';
import { soundex } from './soundex';

/** The words of given names, folded: `['Anne-Marie', 'J.']` is `['anne', 'marie', 'j']`. */
export function givenWords(given: readonly string[]): string[] {
  return given.flatMap((name) => fold(name).split(' ')).filter((word) => word !== '');
}

/** A family name as one word, folded: `O'Neill-Smith` is `oneillsmith`. */
export function familyWord(family: string): string {
  return fold(family).replaceAll(' ', '');
}

/** Letters inserted, deleted or replaced to make one of the other (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** How alike two folded family names are: 1 equal, 0.8 to 1 homophones, 0 otherwise. */
export function familyLikeness(a: string, b: string): number {
  if (a === '' || b === '') return 0;
  if (a === b) return 1;
  return soundex(a) === soundex(b) ? homophone(a, b) : 0;
}

/**
 * How alike two words of given names are: 1 equal; below it short forms, homophones and initials; 0 otherwise.
 *
 * Soundex alone calls John and Jane homophones: of given names half the letters must agree too.
 */
export function givenLikeness(a: string, b: string): number {
  if (a === b) return 1;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  if (shorter === '') return 0;
  if (shorter.length === 1) return longer.startsWith(shorter) ? 0.8 : 0;
  if (shareShortForm(a, b)) return 0.95;
  if (shorter.length > 2 && longer.startsWith(shorter)) return 0.93;
  return soundex(a) === soundex(b) && 2 * editDistance(a, b) <= longer.length ? homophone(a, b) : 0;
}

function homophone(a: string, b: string): number {
  return 0.95 - (0.15 * editDistance(a, b)) / Math.max(a.length, b.length);
}

/**
 * How alike given names are, word by word: middle names may be missing, further ones may be recorded, and the order may
 * differ. The first name asked for, or the first recorded, must find its like: sharing a middle name is not enough.
 *
 * @returns 0 to 1
 */
export function givenNamesLikeness(asked: readonly string[], recorded: readonly string[]): number {
  const free = new Set(recorded.keys());
  let best = 0;
  let doubt = 0;
  for (const [i, word] of asked.entries()) {
    let match = { at: -1, likeness: 0 };
    for (const at of free) {
      const likeness = givenLikeness(word, recorded[at]!);
      if (likeness > match.likeness) match = { at, likeness };
    }
    free.delete(match.at);
    if (match.at < 0) doubt += 0.03;
    else if (i === 0 && match.at === 0) best = Math.max(best, match.likeness);
    else if (i === 0 || match.at === 0) best = Math.max(best, match.likeness - 0.02);
    else doubt += 0.1 * (1 - match.likeness);
  }
  return best && best - doubt - 0.01 * free.size;
}
