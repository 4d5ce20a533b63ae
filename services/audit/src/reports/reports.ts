import { Injectable } from '@nestjs/common';
import { timestampMs } from '@carespine/contracts';
import { AccessSearch, cursorOf, pageAfter } from '../accesses/access-search';
import { accessRowOf, type AccessRow } from './access-row';
import { Activity, type ActivityReport } from './activity';
import { Enquiries, type Enquiry } from './enquiries';
import { People, type Person } from './people';
import { refuseOwnActivity, type Officer, type ReportName, type ReportQuery } from './report-query';

export interface AccessReport {
  rows: AccessRow[];
  /** Absent beyond ten thousand. */
  total?: number;
  next?: string;
}

export interface EnquiryReport {
  rows: (Omit<Enquiry, 'userId'> & { user: Person })[];
  next?: string;
}

/** What a privacy officer may ask, of her own organisation alone; national support roles, which see across, are not supported. */
@Injectable()
export class Reports {
  constructor(
    private readonly accesses: AccessSearch,
    private readonly enquiries: Enquiries,
    private readonly activities: Activity,
    private readonly people: People,
  ) {}

  /** Who saw this patient. A filter by user stays within what the report shows anyway, so it may name the officer. */
  async patientAccess(who: Officer, query: ReportQuery): Promise<AccessReport> {
    const users = await this.usersOf(who, query);
    return users?.length === 0 ? { rows: [], total: 0 } : this.accessesOf(who, query, users);
  }

  /**
   * What this user did.
   *
   * @returns people to choose from, where a name fits several
   * @throws Fault when it is the officer herself
   */
  async userAccess(who: Officer, query: ReportQuery): Promise<AccessReport | { people: Person[] }> {
    refuseOwnActivity(who, query.user);
    if (query.user !== undefined) return this.accessesOf(who, query, [query.user]);
    const people = await this.people.named(who.organisation.odsCode, query.userName ?? '');
    if (people.length > 1) return { people };
    if (!people[0]) return { rows: [], total: 0 };
    refuseOwnActivity(who, people[0].userId);
    return this.accessesOf(who, query, [people[0].userId]);
  }

  /** Who traced whom, how often. */
  async patientEnquiries(who: Officer, query: ReportQuery): Promise<EnquiryReport> {
    refuseOwnActivity(who, query.user);
    const { odsCode } = who.organisation;
    const users = await this.usersOf(who, query);
    if (users?.length === 0) return { rows: [] };
    if (users?.length === 1) refuseOwnActivity(who, users[0]);
    const { rows, next } = await this.enquiries.find(odsCode, query, users);
    const people = await this.people.byId(odsCode, [...new Set(rows.map((row) => row.userId))]);
    return {
      rows: rows.map(({ userId, ...row }) => ({ user: people.get(userId) ?? { userId, name: '', jobRoleName: '' }, ...row })),
      ...(next !== undefined && { next }),
    };
  }

  activity(who: Officer, query: ReportQuery): Promise<ActivityReport> {
    return this.activities.report(who, query);
  }

  /** A page of any report, as flat rows for a file. */
  async page(who: Officer, report: ReportName, query: ReportQuery): Promise<{ rows: object[]; next?: string; people?: Person[] }> {
    if (report === 'patient-access') return this.patientAccess(who, query);
    if (report === 'patient-enquiries') return this.patientEnquiries(who, query);
    if (report === 'activity') return { rows: (await this.activities.series(who.organisation.odsCode, query)).series };
    const found = await this.userAccess(who, query);
    return 'people' in found ? { rows: [], people: found.people } : found;
  }

  /** @returns undefined where no user is asked for */
  private async usersOf(who: Officer, { user, userName }: ReportQuery): Promise<string[] | undefined> {
    if (user !== undefined) return [user];
    if (userName === undefined) return undefined;
    return (await this.people.named(who.organisation.odsCode, userName)).map((person) => person.userId);
  }

  private async accessesOf(who: Officer, query: ReportQuery, userIds: string[] | undefined): Promise<AccessReport> {
    const { from, to, count, outcome, purpose } = query;
    const { page, more, total } = await this.accesses.find(who.organisation.odsCode, {
      from,
      to,
      count,
      ...(query.patient !== undefined && { nhsNumber: query.patient }),
      ...(userIds && { userIds }),
      ...(outcome !== undefined && { outcome }),
      ...(purpose !== undefined && { purpose }),
      ...(query.page !== undefined && { after: cursorOf(query.page) }),
    });
    const last = more ? page.at(-1) : undefined;
    return {
      rows: page.map(accessRowOf),
      ...(total !== undefined && { total }),
      ...(last && { next: pageAfter({ id: last.id, recordedMs: last.record.recorded ? timestampMs(last.record.recorded) : 0 }) }),
    };
  }
}
