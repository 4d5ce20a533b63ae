const DAY = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' });
const INSTANT = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** `3 October 2026` */
export const dayInWords = (day: string): string => DAY.format(new Date(`${day}T00:00:00Z`));

/** `3 October 2026 at 14:05:09`, London time. */
export const instantInWords = (at: Date): string => INSTANT.format(at);
