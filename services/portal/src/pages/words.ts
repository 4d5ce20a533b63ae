import type { CalendarDate, HumanName } from '@carespine/fhir';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/**
 * A FHIR date in words: `4 March 1985`, or `March 1985`, or `1985`. The day of a dateTime counts as written.
 *
 * @see NHS digital service manual, dates: day month year, no leading zero
 */
export function dateInWords(date: CalendarDate | undefined): string {
  const [year, month, day] = (date ?? '').slice(0, 10).split('-');
  if (!year) return '';
  return [day && String(Number(day)), month && MONTHS[Number(month) - 1], year].filter(Boolean).join(' ');
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: 'numeric', minute: '2-digit', hourCycle: 'h12' });
const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', year: 'numeric', month: '2-digit', day: '2-digit' });

/** `yyyy-mm-dd` of an instant in Europe/London. */
export const londonDate = (instant: Date): CalendarDate => DAY.format(instant);

/** An instant as staff would say it: `24 November 2026, 2:05pm`, in Europe/London. */
export function momentInWords(instant: string): { date: string; time: string } {
  const moment = new Date(instant);
  if (Number.isNaN(moment.getTime())) return { date: instant, time: '' };
  return { date: dateInWords(londonDate(moment)), time: CLOCK.format(moment).replace(/\s/g, '').toLowerCase() };
}

/** Whole years from one date to another; undefined for a birth date without a day. */
export function yearsBetween(birthDate: CalendarDate | undefined, on: CalendarDate): number | undefined {
  if (!birthDate || birthDate.length < 10) return undefined;
  const birthdayPassed = on.slice(5) >= birthDate.slice(5, 10);
  return Number(on.slice(0, 4)) - Number(birthDate.slice(0, 4)) - (birthdayPassed ? 0 : 1);
}

/** Age as a banner says it: in days up to four weeks, in weeks up to a year, in months up to two, then in years. */
export function ageInWords(birthDate: CalendarDate | undefined, on: CalendarDate): string {
  const years = yearsBetween(birthDate, on);
  if (years === undefined || !birthDate || years < 0) return '';
  if (years >= 2) return plural(years, 'year');
  const days = Math.floor((Date.parse(on) - Date.parse(birthDate)) / 86_400_000);
  if (days < 28) return plural(days, 'day');
  if (years < 1) return plural(Math.floor(days / 7), 'week');
  const months = (Number(on.slice(0, 4)) - Number(birthDate.slice(0, 4))) * 12 + Number(on.slice(5, 7)) - Number(birthDate.slice(5, 7));
  return plural(months - (on.slice(8) < birthDate.slice(8) ? 1 : 0), 'month');
}

export const plural = (count: number, noun: string, nouns = `${noun}s`): string => `${count.toLocaleString('en-GB')} ${count === 1 ? noun : nouns}`;

/** As a patient banner writes it: `SMITH, Jane Anne (Mrs)`; '' without a name. */
export function bannerName(name: HumanName | undefined): string {
  if (!name?.family && !name?.given?.length) return '';
  const title = name.prefix?.join(' ');
  return [name.family?.toLocaleUpperCase('en-GB'), name.given?.join(' ')].filter(Boolean).join(', ') + (title ? ` (${title})` : '');
}

/** As a sentence writes it: `Mrs Jane Anne Smith MBE`. */
export const fullName = (name: HumanName | undefined): string =>
  [...(name?.prefix ?? []), ...(name?.given ?? []), name?.family, ...(name?.suffix ?? [])].filter(Boolean).join(' ');

export const GENDERS: Record<string, string> = { male: 'Male', female: 'Female', other: 'Other', unknown: 'Unknown' };
