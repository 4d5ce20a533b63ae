import { Fault, isCalendarDate } from '@carespine/fhir';

export const DAY_MS = 86_400_000;
/** The longest month and its first day again, both whole, and the hours that a change of the clock may add. */
const LONGEST_SPAN_MS = 32 * DAY_MS + 2 * 3_600_000;

/** From the first instant up to, not including, the second. */
export interface Period {
  from: Date;
  to: Date;
}

/** Completes what was asked to a month, up to now where nothing else is said. */
export function monthAtMost(from: Date | undefined, to: Date | undefined, now: Date): Period {
  to ??= from ? new Date(Math.min(from.getTime() + LONGEST_SPAN_MS, now.getTime() + 60_000)) : new Date(now.getTime() + 60_000);
  from ??= new Date(to.getTime() - LONGEST_SPAN_MS);
  if (to.getTime() - from.getTime() > LONGEST_SPAN_MS) {
    throw new Fault('INVALID_SEARCH_DATA', { diagnostics: "Invalid search data provided - 'date spans more than one month'" });
  }
  return { from, to };
}

/** The start of a day (Europe/London) or an instant. */
export function instantOf(text: string): Date | undefined {
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
  if (text.length !== 10) return new Date(start.getTime() + 1);
  return instantOf(dayAfter(text));
}

export const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
