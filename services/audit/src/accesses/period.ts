import { Fault, isCalendarDate } from '@carespine/fhir';
import { monthsAfter } from '../calendar';
import { londonDay } from '../london';

export const DAY_MS = 86_400_000;

/** From the first instant up to, not including, the second. */
export interface Period {
  from: Date;
  to: Date;
}

/**
 * Completes what was asked to a month, up to now where nothing else is said. A month ends on the same day of the next one, or on that month's last.
 *
 * @throws Fault when the last day (Europe/London) is later than a month after the first
 */
export function monthAtMost(from: Date | undefined, to: Date | undefined, now: Date): Period {
  const soon = new Date(now.getTime() + 60_000);
  if (!to) return { from: from ?? aMonthBefore(soon), to: from ? earlier(soon, endOf(monthsAfter(londonDay(from), 1))) : soon };
  if (!from) return { from: aMonthBefore(to), to };
  if (lastDayBefore(to) > monthsAfter(londonDay(from), 1)) {
    throw new Fault('INVALID_SEARCH_DATA', { diagnostics: "Invalid search data provided - 'date spans more than one month'" });
  }
  return { from, to };
}

const lastDayBefore = (instant: Date): string => londonDay(new Date(instant.getTime() - 1));
const aMonthBefore = (instant: Date): Date => instantOf(monthsAfter(lastDayBefore(instant), -1)) ?? instant;
const earlier = (one: Date, other: Date | undefined): Date => (other && other < one ? other : one);

/** The start of a day (Europe/London) or an instant. */
export function instantOf(text: string): Date | undefined {
  if (!/^(19|20|21)/.test(text)) return undefined; // no record is of another century, and PostgreSQL counts no years beyond its own
  if (isCalendarDate(text)) {
    const midnightUtc = new Date(`${text}T00:00:00Z`);
    const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', hourCycle: 'h23' }).format(midnightUtc));
    return new Date(midnightUtc.getTime() - hour * 3_600_000);
  }
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : undefined;
}

/** The instant behind a day or instant that is included. */
export function endOf(text: string): Date | undefined {
  const start = instantOf(text);
  if (!start) return undefined;
  // an instant includes as much as it leaves unsaid: its minute, its second, or its millisecond
  if (text.length !== 10) return new Date(start.getTime() + (/T\d{2}:\d{2}(Z|[+-])/.test(text) ? 60_000 : /\.\d/.test(text) ? 1 : 1000));
  return instantOf(dayAfter(text));
}

export const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
