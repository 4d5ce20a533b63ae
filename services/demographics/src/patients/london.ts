import type { CalendarDate } from '@carespine/fhir';

const LONDON_DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' });
const KEPT_MS = 1000;

let kept: { day: CalendarDate; untilMs: number } | undefined;

/** Today's calendar date in London, `yyyy-mm-dd`; at most a second behind, since asking costs more than a read. */
export function todayInLondon(): CalendarDate {
  const nowMs = Date.now();
  if (!kept || nowMs >= kept.untilMs) kept = { day: LONDON_DAY.format(nowMs), untilMs: nowMs + KEPT_MS };
  return kept.day;
}
