/** Letters of names (Latin-1 and Latin Extended-A) that Unicode does not decompose into a base letter and an accent. */
const UNDECOMPOSED: Record<string, string> = {
  æ: 'ae', ð: 'd', ø: 'o', þ: 'th', ß: 'ss', đ: 'd', ħ: 'h', ı: 'i', ĳ: 'y', ĸ: 'k', ŀ: 'l', ł: 'l', ŉ: 'n', ŋ: 'n', œ: 'oe', ŧ: 't',
  ſ: 's',
}; // prettier-ignore

/** Lower case letters a to z and single spaces: accents folded, hyphens and full stops read as spaces, all else dropped. */
export function fold(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z\s.-]/g, (letter) => UNDECOMPOSED[letter] ?? '')
    .replace(/[\s.-]+/g, ' ')
    .trim();
}
