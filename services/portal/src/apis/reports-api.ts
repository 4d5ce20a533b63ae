import { Injectable } from '@nestjs/common';
import { PortalConfig } from '../config';
import { ApiClient, type ApiFile, type Onward } from './api-client';
import { queryOf, type Days, type Listed, type Person } from './desk';

/** One access record, as the reports list it. */
export interface AccessRow {
  id: string;
  leafIndex: number;
  recorded: string;
  user?: Person & { roleProfileId?: string };
  organisation: { odsCode: string; name: string };
  client: { name: string; productId: string };
  nhsNumber?: string;
  interaction: string;
  interactionName: string;
  service: string;
  /** FHIR type */
  resource?: string;
  version?: string;
  /** FHIR AuditEventOutcome */
  outcome: string;
  outcomeDescription?: string;
  purpose?: string;
  query?: string;
  address?: string;
}

export interface EnquiryRow {
  user: Person;
  nhsNumber: string;
  traces: number;
  views: number;
  changes: number;
  first: string;
  last: string;
}

/** What a report finds; a name that fits several people finds those, and no rows. */
export interface Found<Row> extends Listed {
  rows?: Row[];
  people?: Person[];
  /** More people bear the name than are listed. */
  more?: boolean;
}

export interface ActivityPoint {
  at: string;
  reads: number;
  searches: number;
  changes: number;
  refusals: number;
  emergencies: number;
}

export interface Unusual {
  user: Person;
  measure: string;
  value: number;
  usual: number;
  times: number;
}

export interface Activity {
  interval: 'hour' | 'day';
  series: ActivityPoint[];
  unusual: Unusual[];
}

export interface ReportQuery extends Days {
  patient?: string;
  user?: string;
  userName?: string;
  outcome?: string;
  purpose?: string;
}

export type ListReport = 'patient-access' | 'user-access' | 'patient-enquiries';

export interface Export {
  id: string;
  report: string;
  format: 'csv' | 'xlsx';
  status: 'running' | 'ready' | 'failed';
  done: number;
  of?: number;
  /** Rows kept, where there are more than an export may hold. */
  capped?: number;
  fileName?: string;
}

/** That the log holds an access. Hashes in base64. */
export interface AccessProof {
  leafIndex: number;
  leafHash: string;
  /** Absent once the event was erased at the end of its retention. */
  salt?: string;
  previousLeaf: string;
  /** Signed note. @see C2SP tlog-checkpoint */
  checkpoint: string;
  /** RFC 6962 audit path, from the leaf up. */
  inclusion: string[];
}

const API = 'Access reports';
const PAGE_SIZE = 20;

/** Reports on who did what, within the caller's organisation. */
@Injectable()
export class ReportsApi {
  private readonly base: string;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services.audit}/audit/v1`;
  }

  /** @throws ApiRefused 403 when it would be about the caller */
  list<Row>(onward: Onward, report: ListReport, query: ReportQuery, page?: string): Promise<Found<Row>> {
    return this.client.ask(API, `${this.base}/reports/${report}?${queryOf({ ...query, _count: String(PAGE_SIZE), _page: page })}`, onward);
  }

  activity(onward: Onward, days: Days): Promise<Activity> {
    return this.client.ask(API, `${this.base}/reports/activity?${queryOf({ ...days })}`, onward);
  }

  startExport(onward: Onward, order: { report: string; format: string; parameters: Record<string, string> }): Promise<Export> {
    return this.client.ask(API, `${this.base}/exports`, onward, { method: 'POST', body: order });
  }

  export(onward: Onward, id: string): Promise<Export> {
    return this.client.ask(API, `${this.base}/exports/${id}`, onward);
  }

  proof(onward: Onward, accessId: string): Promise<AccessProof> {
    return this.client.ask(API, `${this.base}/accesses/${accessId}/proof`, onward);
  }

  exportFile(onward: Onward, id: string): Promise<ApiFile> {
    return this.client.file(API, `${this.base}/exports/${id}/file`, onward);
  }
}
