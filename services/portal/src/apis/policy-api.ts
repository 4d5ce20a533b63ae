import { Injectable } from '@nestjs/common';
import { PortalConfig } from '../config';
import type { AlertSummary } from './alerts-api';
import { ApiClient, type Onward } from './api-client';

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** An organisation's written procedure for its alerts, and when its alerts are raised. */
export interface Policy {
  /** 1 to 100 */
  samplePercent: number;
  rhythm: 'daily' | 'weekly' | 'monthly';
  selection: 'every-nth' | 'random';
  checkedAgainst: string[];
  escalatesTo: string;
  escalateAfterDays: number;
  /** `HH:MM`; null on a day on which it is closed. */
  openingHours: Record<Weekday, [string, string] | null>;
  thresholds: Record<string, Record<string, number>>;
  namesWithheldInSubjectAccess: boolean;
  /** Where they are. */
  namesWithheldReason?: string;
  version: number;
}

export interface PolicyChange {
  version: number;
  at: string;
  by: { userId: string; name: string };
  policy: Omit<Policy, 'version'>;
}

export interface Sample {
  id: string;
  from: string;
  to: string;
  seed: string;
  /** Percent. */
  share: number;
  selection: Policy['selection'];
  /** Alerts that it was drawn from. */
  population: number;
  drawnAt: string;
  drawnBy: { userId: string; name: string };
  alerts: AlertSummary[];
  checked: number;
  appropriate: number;
  /** By rule, since the rest is closed by rule. */
  rules: { rule: string; title: string; population: number; drawn: number; checked: number; appropriate: number }[];
}

const API = 'Alerts';

/** The procedure of the caller's organisation, and the samples drawn by it. */
@Injectable()
export class PolicyApi {
  private readonly base: string;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services.audit}/audit/v1`;
  }

  read(onward: Onward): Promise<Policy> {
    return this.client.ask(API, `${this.base}/policy`, onward);
  }

  /** @throws ApiRefused 409 when somebody else changed it meanwhile */
  save(onward: Onward, policy: Policy): Promise<Policy> {
    return this.client.ask(API, `${this.base}/policy`, onward, { method: 'PUT', body: policy });
  }

  /** Newest first. */
  async history(onward: Onward): Promise<PolicyChange[]> {
    return (await this.client.ask<{ changes: PolicyChange[] }>(API, `${this.base}/policy/history`, onward)).changes;
  }

  async samples(onward: Onward): Promise<Sample[]> {
    return (await this.client.ask<{ samples: Sample[] }>(API, `${this.base}/samples`, onward)).samples;
  }

  sample(onward: Onward, id: string): Promise<Sample> {
    return this.client.ask(API, `${this.base}/samples/${id}`, onward);
  }

  draw(onward: Onward, order: { from: string; to: string; seed?: string }): Promise<Sample> {
    return this.client.ask(API, `${this.base}/samples`, onward, { method: 'POST', body: order });
  }

  /** @throws ApiRefused 422 while a drawn alert of the rule is open, when one was inappropriate, or the draw was not left to chance */
  closeRest(onward: Onward, id: string, rule: string, note: string): Promise<unknown> {
    return this.client.ask(API, `${this.base}/samples/${id}/close-rest`, onward, { method: 'POST', body: { rule, note } });
  }
}
