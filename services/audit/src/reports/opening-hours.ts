import { WEEKDAYS, type Policy } from '../organisation-policy/policy';

const HOURS_A_WEEK = 7 * 24;

/** The hours of a week (0 is Monday's first) in which an organisation is open for at least a part, by its written procedure. */
export function openHoursOf(hours: Policy['openingHours']): number[] {
  const open = new Set<number>();
  WEEKDAYS.forEach((weekday, day) => {
    const [opens, closes] = (hours[weekday] ?? []).map(minutesOf);
    if (opens === undefined || closes === undefined) return;
    // closing before opening is closing on the next day
    const end = closes <= opens ? closes + 24 * 60 : closes;
    for (let hour = Math.floor(opens / 60); hour * 60 < end; hour++) open.add((day * 24 + hour) % HOURS_A_WEEK);
  });
  return [...open].sort((a, b) => a - b);
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}
