import type { Option } from '../forms/form';

const table = (codes: Record<string, string>): Option[] => Object.entries(codes).map(([value, text]) => ({ value, text }));

export const TEMPORARY_ADDRESS_TYPES: Option[] = [
  'Second Home',
  'Student Accommodation',
  'Respite Care Address',
  'Temporary Residence Address',
  'Convalescence Home',
  'Mobile Home',
  'Holiday Home',
].map((text) => ({ value: text, text }));

export const WRITTEN_FORMATS = table({ 11: 'Large print', 12: 'Braille', 13: 'Audio tape' });

export const CONTACT_METHODS = table({
  1: 'Letter',
  2: 'Visit',
  3: 'Telephone',
  4: 'E-mail',
  5: 'Textphone',
  6: 'Telephone via proxy',
  7: 'Sign language',
  8: 'No telephone contact',
});

const languageName = new Intl.DisplayNames('en-GB', { type: 'language', fallback: 'none' });
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('');

/** ISO 639-1 without English, which the API does not take, and the national additions. */
export const LANGUAGES: Option[] = [
  ...table({ q1: 'Braille', q2: 'American Sign Language', q3: 'Australian Sign Language', q4: 'British Sign Language', q5: 'Makaton' }),
  ...LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
    .filter((code) => code !== 'en' && Intl.getCanonicalLocales(code)[0] === code)
    .flatMap((code) => {
      const text = languageName.of(code);
      return text ? [{ value: code, text }] : [];
    }),
].toSorted((a, b) => a.text.localeCompare(b.text));

export const textOf = (options: readonly Option[], code: string): string => options.find((option) => option.value === code)?.text ?? code;

export const NAME_USES: Record<string, string> = {
  usual: 'Usual name',
  nickname: 'Nickname',
  temp: 'Alias',
  old: 'Previous name',
  maiden: 'Maiden name',
};

export const ADDRESS_USES: Record<string, string> = {
  home: 'Home address',
  temp: 'Temporary address',
  billing: 'Correspondence address',
  work: 'Work address',
  old: 'Address',
};

/** Of telecom, by system and use. */
export function contactKind(system: string | undefined, use: string | undefined): string {
  const where = { home: 'Home', work: 'Work', temp: 'Temporary', mobile: 'Mobile' }[use ?? ''] ?? '';
  if (system === 'phone') return `${where} phone`.trim().replace(/^phone/, 'Phone');
  if (system === 'email') return use === 'home' || !where ? 'Email' : `${where} email`;
  if (system === 'fax') return `${where} fax`.trim().replace(/^fax/, 'Fax');
  return use === 'home' || !where ? 'Textphone' : `${where} textphone`;
}

const RELATIONSHIPS: Record<string, string> = {
  SPS: 'Spouse',
  DOMPART: 'Partner',
  PRN: 'Parent',
  PRNFOST: 'Foster parent',
  STPPRN: 'Step parent',
  CHILD: 'Child',
  MTH: 'Mother',
  FTH: 'Father',
  SIS: 'Sister',
  BRO: 'Brother',
  FAMMEMB: 'Family member',
  ONESELF: 'Self',
  N: 'Next of kin',
  U: 'Relationship not known',
  PolygamousPartner: 'Polygamous partner',
  NonDependant: 'Non-dependant',
  ProxyContact: 'Proxy for contact',
  ProxyCommunication: 'Proxy for communication',
  ProxyContactCommunication: 'Proxy for contact and communication',
  NotSpecified: 'Relationship not specified',
  GESTM: 'Birth mother',
};
export const relationshipName = (code: string, display?: string): string => RELATIONSHIPS[code] ?? display ?? code;

const BIRTH_COUNTRIES: Record<string, string> = {
  1: 'England',
  2: 'Scotland',
  3: 'Wales',
  4: 'Northern Ireland',
  7: 'Sark',
  9: 'Alderney',
  10: 'Channel Islands',
  GBR: 'United Kingdom',
};
export const countryName = (code: string): string => BIRTH_COUNTRIES[code] ?? code;
