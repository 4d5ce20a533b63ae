const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', year: 'numeric', month: '2-digit', day: '2-digit' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** Europe/London calendar day, `yyyy-mm-dd`. */
export const londonDay = (instant: Date): string => DAY.format(instant);

/** Day of the week and minutes since midnight, in London. */
export function londonClock(instant: Date): { weekday: string; minutes: number } {
  const parts = Object.fromEntries(CLOCK.formatToParts(instant).map(({ type, value }) => [type, value]));
  return { weekday: (parts['weekday'] ?? '').toLowerCase(), minutes: Number(parts['hour']) * 60 + Number(parts['minute']) };
}
