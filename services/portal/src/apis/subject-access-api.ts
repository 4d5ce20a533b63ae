import { Injectable } from '@nestjs/common';
import { PortalConfig } from '../config';
import { ApiClient, type ApiFile, type Onward } from './api-client';
import { queryOf, type Listed } from './desk';

export type SubjectAccessStatus = 'preparing' | 'awaiting-decision' | 'ready' | 'sent' | 'closed' | 'failed';

/** A person's question who looked at her record, as lists show it: without her number. */
export interface SubjectAccessSummary {
  reference: string;
  /** `yyyy-mm-dd`, as all its days. */
  from: string;
  to: string;
  receivedOn: string;
  dueOn: string;
  extended: boolean;
  status: SubjectAccessStatus;
}

export interface SubjectAccess extends SubjectAccessSummary {
  nhsNumber: string;
  progress: { done: number; of?: number };
  accesses?: number;
  identityChecks: string[];
  withholdNames: boolean;
  withholdReason?: string;
  /** What waits for the guardian's decision, and how many there are. */
  toDecide: { what: string; found: number }[];
  /** Oldest first; a later one on the same thing replaces it. */
  decisions: { decision: 'exclude' | 'include'; what: string; reason: string; accesses: number; decidedBy: { userId: string; name: string } }[];
  history: { at: string; by: { userId: string; name: string } | 'platform'; step: string; note?: string }[];
  /** Those that the caller may take now. */
  steps: string[];
  version: number;
}

export interface SubjectAccessOrder {
  nhsNumber: string;
  from: string;
  to: string;
  receivedOn: string;
  identityChecks: string[];
  withholdNames: boolean;
  withholdReason?: string;
}

export type DocumentFormat = 'html' | 'pdf' | 'json';

const API = 'Subject access requests';

/** Subject access requests of the caller's organisation. */
@Injectable()
export class SubjectAccessApi {
  private readonly base: string;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services.audit}/audit/v1/subject-access-requests`;
  }

  list(onward: Onward, status?: string, page?: string): Promise<{ requests: SubjectAccessSummary[] } & Listed> {
    return this.client.ask(API, `${this.base}?${queryOf({ status, _count: '20', _page: page })}`, onward);
  }

  open(onward: Onward, order: SubjectAccessOrder): Promise<SubjectAccess> {
    return this.client.ask(API, this.base, onward, { method: 'POST', body: order });
  }

  read(onward: Onward, reference: string): Promise<SubjectAccess> {
    return this.client.ask(API, `${this.base}/${reference}`, onward);
  }

  take(onward: Onward, reference: string, step: { version: number; step: string } & Record<string, unknown>): Promise<SubjectAccess> {
    return this.client.ask(API, `${this.base}/${reference}/steps`, onward, { method: 'POST', body: step });
  }

  document(onward: Onward, reference: string, format: DocumentFormat): Promise<ApiFile> {
    return this.client.file(API, `${this.base}/${reference}/document?format=${format}`, onward);
  }
}
