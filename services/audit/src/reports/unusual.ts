export const MEASURES = ['patients', 'searches', 'refusals', 'out-of-hours', 'emergencies'] as const;
export type Measure = (typeof MEASURES)[number];

export interface DayOfUser {
  userId: string;
  /** R code; empty where the register does not know. */
  jobRole: string;
  day: string;
  did: Record<Measure, number>;
}

export interface Unusual {
  userId: string;
  measure: Measure;
  /** The most on one day of the period. */
  value: number;
  /** A day's average: the greater of the user's own and the role's. */
  usual: number;
  /** `value` over `usual`. */
  times: number;
}

/** Fewer on a day are nobody's concern. */
const CONCERN: Record<Measure, number> = { patients: 20, searches: 20, refusals: 5, 'out-of-hours': 10, emergencies: 3 };
/** So many times the usual is unusual. */
const TIMES = 3;
/** Fewer days tell nothing of what is usual for a person. */
const FEWEST_DAYS = 5;
const SHOWN = 100;

/**
 * Who did far more on a day than they usually do and than others in their role do; where one of the two is unknown, the other decides,
 * and where both are, nobody is judged.
 *
 * @param days of the period and of those before it, by which the usual is measured
 * @param firstDay of the period
 */
export function unusualOf(days: readonly DayOfUser[], firstDay: string): Unusual[] {
  const before = days.filter(({ day }) => day < firstDay);
  const ofUser = averages(before, ({ userId }) => userId, FEWEST_DAYS);
  const ofRole = averages(before, ({ jobRole }) => jobRole, FEWEST_DAYS);
  const found = new Map<string, Unusual>();
  for (const { userId, jobRole, day, did } of days) {
    if (day < firstDay) continue;
    const [own, role] = [ofUser.get(userId), jobRole === '' ? undefined : ofRole.get(jobRole)];
    if (!own && !role) continue;
    for (const measure of MEASURES) {
      const value = did[measure];
      const usual = Math.max(own?.[measure] ?? 0, role?.[measure] ?? 0);
      const times = value / Math.max(usual, 1);
      const key = `${userId} ${measure}`;
      if (value < CONCERN[measure] || times < TIMES || value <= (found.get(key)?.value ?? 0)) continue;
      found.set(key, { userId, measure, value, usual: rounded(usual), times: rounded(times) });
    }
  }
  return [...found.values()].sort((a, b) => b.times - a.times || a.userId.localeCompare(b.userId)).slice(0, SHOWN);
}

function averages(days: readonly DayOfUser[], by: (day: DayOfUser) => string, fewest: number): Map<string, Record<Measure, number>> {
  const groups = new Map<string, DayOfUser[]>();
  for (const day of days) {
    const group = groups.get(by(day));
    if (group) group.push(day);
    else groups.set(by(day), [day]);
  }
  const averageOf = (group: DayOfUser[], measure: Measure): number => group.reduce((sum, { did }) => sum + did[measure], 0) / group.length;
  return new Map(
    [...groups]
      .filter(([, group]) => group.length >= fewest)
      .map(([key, group]) => [key, Object.fromEntries(MEASURES.map((measure) => [measure, averageOf(group, measure)])) as Record<Measure, number>]),
  );
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
