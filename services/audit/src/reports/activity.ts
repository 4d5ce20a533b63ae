import { Injectable } from '@nestjs/common';
import { Database } from '@carespine/service-kit';
import { DAY_MS, dayAfter, type Period } from '../accesses/period';
import { londonDay } from '../london';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import { openHoursOf } from './opening-hours';
import { People, type Person } from './people';
import { isGuardian, type Officer } from './report-query';
import { MEASURES, unusualOf, type DayOfUser, type Unusual } from './unusual';

export interface ActivityPoint {
  /** The hour's first instant, or the day. */
  at: string;
  reads: number;
  searches: number;
  changes: number;
  refusals: number;
  emergencies: number;
}

export interface ActivityReport {
  interval: 'hour' | 'day';
  series: ActivityPoint[];
  unusual: (Omit<Unusual, 'userId'> & { user: Person })[];
}

const COUNTS = ['reads', 'searches', 'changes', 'refusals', 'emergencies'] as const;
const HOUR_MS = 3_600_000;
/** Longer periods are shown by the day. */
const LONGEST_BY_HOUR_MS = 2 * DAY_MS + 2 * HOUR_MS;
/** What a person or a role usually does is what they did in so many days before. */
const USUAL_DAYS = 28;

/** What an organisation does, over time; and who does more than they and their like usually do. Whole hours. */
@Injectable()
export class Activity {
  constructor(
    private readonly database: Database,
    private readonly people: People,
    private readonly policies: OrganisationPolicies,
  ) {}

  async report(who: Officer, period: Period): Promise<ActivityReport> {
    const { odsCode } = who.organisation;
    const [{ interval, series }, days] = await Promise.all([this.series(odsCode, period), this.daysOf(odsCode, period)]);
    const shown = isGuardian(who) ? days : days.filter((day) => day.userId !== who.userId);
    const unusual = unusualOf(shown, londonDay(period.from));
    const people = await this.people.byId(odsCode, [...new Set(unusual.map((one) => one.userId))]);
    return {
      interval,
      series,
      unusual: unusual.map(({ userId, ...rest }) => ({ user: people.get(userId) ?? { userId, name: '', jobRoleName: '' }, ...rest })),
    };
  }

  async series(odsCode: string, { from, to }: Period): Promise<Pick<ActivityReport, 'interval' | 'series'>> {
    const interval = to.getTime() - from.getTime() > LONGEST_BY_HOUR_MS ? 'day' : 'hour';
    const { rows } = await this.database.query<Record<(typeof COUNTS)[number], number> & { hour: Date }>({
      name: 'activity-series',
      text: `SELECT hour, ${COUNTS.map((count) => `sum(${count})::int AS ${count}`).join(', ')} FROM activity_by_hour
        WHERE ods_code = $1 AND hour >= date_trunc('hour', $2::timestamptz) AND hour < $3 GROUP BY hour`,
      values: [odsCode, from, to],
    });
    const nameOf = (at: Date): string => (interval === 'hour' ? at.toISOString() : londonDay(at));
    const series = new Map(emptyPoints(from, to, interval).map((at) => [at, { at, reads: 0, searches: 0, changes: 0, refusals: 0, emergencies: 0 }]));
    for (const row of rows) {
      const point = series.get(nameOf(row.hour));
      if (point) for (const count of COUNTS) point[count] += row[count];
    }
    return { interval, series: [...series.values()] };
  }

  /** What each user did on each day of the period and of those before that tell what is usual. */
  private async daysOf(odsCode: string, { from, to }: Period): Promise<DayOfUser[]> {
    const { openingHours } = await this.policies.of(odsCode);
    const { rows } = await this.database.query<Record<(typeof MEASURES)[number], number> & { user_id: string; day: string; job_role: string | null }>({
      text: `SELECT did.*, did.day::text AS day, staff.job_role FROM (
          SELECT user_id, day, sum(patients)::int AS patients, sum(searches)::int AS searches,
            sum(refusals)::int AS refusals, sum(emergencies)::int AS emergencies, coalesce(sum(acts) FILTER (WHERE hour_of_week <> ALL($4::smallint[])), 0)::int AS "out-of-hours"
          FROM activity_by_hour WHERE ods_code = $1 AND hour >= date_trunc('hour', $2::timestamptz) AND hour < $3 AND user_id <> '' GROUP BY 1, 2
        ) AS did LEFT JOIN staff_members AS staff ON staff.user_id = did.user_id AND staff.ods_code = $1`,
      values: [odsCode, new Date(from.getTime() - USUAL_DAYS * DAY_MS), to, openHoursOf(openingHours)],
    });
    return rows.map(({ user_id, day, job_role, ...did }) => ({ userId: user_id, day, jobRole: job_role ?? '', did }));
  }
}

function emptyPoints(from: Date, to: Date, interval: 'hour' | 'day'): string[] {
  const points: string[] = [];
  if (interval === 'hour') {
    for (let at = Math.floor(from.getTime() / HOUR_MS) * HOUR_MS; at < to.getTime(); at += HOUR_MS) points.push(new Date(at).toISOString());
  } else {
    for (let day = londonDay(from), last = londonDay(new Date(to.getTime() - 1)); day <= last; day = dayAfter(day)) points.push(day);
  }
  return points;
}
