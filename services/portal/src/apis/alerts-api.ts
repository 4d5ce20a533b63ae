import { Injectable } from '@nestjs/common';
import { PortalConfig } from '../config';
import { ApiClient, type Onward } from './api-client';
import { queryOf, type Days, type Listed, type Person } from './desk';

export type AlertStatus = 'new' | 'under-investigation' | 'closed';

/** What a list says of an alert: nothing about the patient or the user. */
export interface AlertSummary {
  reference: string;
  rule: string;
  title: string;
  reason: string;
  occurredAt: string;
  raisedAt: string;
  status: AlertStatus;
  assignee?: { userId: string; name: string };
  escalated: boolean;
  version: number;
}

export interface AlertEvidence {
  accessId: string;
  recorded: string;
  interactionName: string;
  service: string;
  outcome: string;
  purpose?: string;
}

export interface AlertStep {
  at: string;
  by: { userId: string; name: string } | 'platform';
  step: string;
  note?: string;
  outcome?: string;
  assignee?: { userId: string; name: string };
  duplicateOf?: string;
}

export interface Alert extends AlertSummary {
  patient?: { nhsNumber: string };
  user?: Person & { jobRole?: string; roleProfileId?: string };
  organisation: { odsCode: string; name: string };
  note?: string;
  outcome?: string;
  duplicateOf?: string;
  evidence: AlertEvidence[];
  history: AlertStep[];
  /** Those that the caller may take now. */
  steps: string[];
  assignable: { userId: string; name: string; jobRole: string }[];
}

export interface AlertCounts {
  new: number;
  underInvestigation: number;
  closed: number;
  escalated: number;
}

export interface AlertQuery extends Days {
  status?: readonly string[];
  rule?: string;
  /** `me`, `none` or a user id. */
  assignee?: string;
  escalated?: 'true';
}

export interface AlertPage extends Listed {
  alerts: AlertSummary[];
  counts: AlertCounts;
}

export interface StepTaken {
  version: number;
  step: string;
  assignee?: string;
  outcome?: string;
  note?: string;
  duplicateOf?: string;
}

export interface AlertStatistics {
  days: { day: string; raised: number; closed: number }[];
  rules: { rule: string; title: string; raised: number; inappropriate: number }[];
}

const API = 'Alerts';

/** The alerts of the caller's organisation. */
@Injectable()
export class AlertsApi {
  private readonly base: string;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services.audit}/audit/v1/alerts`;
  }

  list(onward: Onward, query: AlertQuery, count = 20, page?: string): Promise<AlertPage> {
    return this.client.ask(API, `${this.base}?${queryOf({ ...query, _count: String(count), _page: page })}`, onward);
  }

  read(onward: Onward, reference: string): Promise<Alert> {
    return this.client.ask(API, `${this.base}/${reference}`, onward);
  }

  /** @throws ApiRefused 409 when the alert has moved on, 403 when its subject would handle it, 422 when it cannot be done now */
  take(onward: Onward, reference: string, step: StepTaken): Promise<Alert> {
    return this.client.ask(API, `${this.base}/${reference}/steps`, onward, { method: 'POST', body: step });
  }

  statistics(onward: Onward, days: Days): Promise<AlertStatistics> {
    return this.client.ask(API, `${this.base}/statistics?${queryOf({ ...days })}`, onward);
  }
}
