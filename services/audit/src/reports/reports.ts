import { Injectable } from '@nestjs/common';
import { timestampMs } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { AccessSearch, cursorOf, pageAfter } from '../accesses/access-search';
import { shownTo } from '../accesses/withheld';
import { accessRowOf, type AccessRow } from './access-row';
import { Activity, type ActivityReport } from './activity';
import { Enquiries, type Enquiry } from './enquiries';
import { People, type Person } from './people';
import { isGuardian, refuseOwnActivity, type Officer, type ReportName, type ReportQuery } from './report-query';

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
  async userAccess(who: Officer, query: ReportQuery): Promise<AccessReport | { people: Person[]; more?: true }> {
    const named = query.userName === undefined ? undefined : await this.people.named(who.organisation.odsCode, query.userName);
    if (named && named.people.length > 1) return named;
    const [user] = named ? named.people.map(({ userId }) => userId) : (query.users ?? [query.user]);
    if (user === undefined) return { rows: [], total: 0 };
    refuseOwnActivity(who, user);
    return this.accessesOf(who, query, [user]);
  }

  /** Who traced whom, how often. */
  async patientEnquiries(who: Officer, query: ReportQuery): Promise<EnquiryReport> {
    refuseOwnActivity(who, query.user);
    const { odsCode } = who.organisation;
    const users = await this.usersOf(who, query);
    if (users?.length === 0) return { rows: [] };
    if (users?.length === 1) refuseOwnActivity(who, users[0]);
    const { rows, next } = await this.enquiries.find(odsCode, query, users, isGuardian(who) ? undefined : who.userId);
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
  async page(who: Officer, report: ReportName, query: ReportQuery): Promise<{ rows: object[]; next?: string; total?: number }> {
    if (report === 'patient-access') return this.patientAccess(who, query);
    if (report === 'patient-enquiries') return this.patientEnquiries(who, query);
    if (report === 'activity') return { rows: (await this.activities.series(who.organisation.odsCode, query)).series };
    const found = await this.userAccess(who, query);
    return 'people' in found ? { rows: [] } : found;
  }

  /**
   * The query with the people of its name in place of the name: who comes to bear it later does not change what was asked.
   *
   * @throws Fault when a report on one user names several
   */
  async settled(who: Officer, report: ReportName, { userName, ...query }: ReportQuery): Promise<ReportQuery> {
    if (userName === undefined) return query;
    const users = await this.people.idsOf(who.organisation.odsCode, userName);
    if (report === 'user-access' && users.length > 1) {
      throw new Fault('BUSINESS_RULE', { diagnostics: 'The name fits several people: name one by user', expression: 'parameters.userName' });
    }
    return { ...query, users };
  }

  /** @returns undefined where no user is asked for */
  private async usersOf(who: Officer, { user, userName, users }: ReportQuery): Promise<string[] | undefined> {
    if (user !== undefined) return [user];
    return userName === undefined ? users : this.people.idsOf(who.organisation.odsCode, userName);
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
      rows: page.map((found) => accessRowOf(shownTo(who, found))),
      ...(total !== undefined && { total }),
      ...(last && { next: pageAfter({ id: last.id, recordedMs: last.record.recorded ? timestampMs(last.record.recorded) : 0 }) }),
    };
  }
}
