/** A FHIR date: `2010-10-22`, or `2010-10`, or `2010`. It is a calendar date and never passes through an instant. */
export type CalendarDate = string;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A whole day that exists, as `yyyy-mm-dd`. */
export function isCalendarDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leapDay = month === 2 && (year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0)) ? 1 : 0;
  return year > 0 && day >= 1 && day <= (DAYS[month - 1] ?? 0) + leapDay;
}
