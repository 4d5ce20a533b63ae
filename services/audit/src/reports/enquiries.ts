import { Injectable } from '@nestjs/common';
import { Database } from '@carespine/service-kit';
import { invalid } from '../parameters';
import { daysOf, type ReportQuery } from './report-query';
import { SealedPage } from './sealed-page';

/** How often one user met one patient. */
export interface Enquiry {
  userId: string;
  nhsNumber: string;
  traces: number;
  views: number;
  changes: number;
  first: string;
  last: string;
}

/** Who traced whom, how often: by user and patient, in the order of both, so that pages stay as they are while more is recorded. */
@Injectable()
export class Enquiries {
  constructor(
    private readonly database: Database,
    private readonly pages: SealedPage,
  ) {}

  /**
   * @param users any of them; absent for everybody
   * @param except whose enquiries the asker may not see: her own
   */
  async find(odsCode: string, query: ReportQuery, users: string[] | undefined, except: string | undefined): Promise<{ rows: Enquiry[]; next?: string }> {
    const values: unknown[] = [odsCode, ...daysOf(query), query.count + 1];
    const conditions = ['ods_code = $1', 'day >= $2', 'day <= $3'];
    if (query.patient !== undefined) conditions.push(`nhs_number = $${values.push(query.patient)}`);
    if (users) conditions.push(`user_id = ANY($${values.push(users)}::text[])`);
    if (except !== undefined) conditions.push(`user_id <> $${values.push(except)}`);
    if (query.page !== undefined) {
      const [user, patient] = this.pages.open(query.page);
      if (user === undefined || patient === undefined) throw invalid(query.page, '_page');
      conditions.push(`(user_id, nhs_number) > ($${values.push(user)}, $${values.push(patient)})`);
    }
    const { rows } = await this.database.query<{ user_id: string; nhs_number: string; traces: string; views: string; changes: string; first: Date; last: Date }>({
      text: `SELECT user_id, nhs_number, sum(traces) AS traces, sum(views) AS views, sum(changes) AS changes, min(first) AS first, max(last) AS last
        FROM enquiries_by_day WHERE ${conditions.join(' AND ')} GROUP BY user_id, nhs_number ORDER BY user_id, nhs_number LIMIT $4`,
      values,
    });
    const shown = rows.slice(0, query.count);
    const last = rows.length > query.count ? shown.at(-1) : undefined;
    return {
      rows: shown.map((row) => ({
        userId: row.user_id,
        nhsNumber: row.nhs_number,
        traces: Number(row.traces),
        views: Number(row.views),
        changes: Number(row.changes),
        first: row.first.toISOString(),
        last: row.last.toISOString(),
      })),
      ...(last && { next: this.pages.seal([last.user_id, last.nhs_number]) }),
    };
  }
}
