import { Injectable } from '@nestjs/common';
import type { CodeableConcept, Coding, Extension, Reference } from '@carespine/fhir';
import { PortalConfig } from '../config';
import { ApiRefused, FhirClient, isOutcome, type Onward } from './fhir-client';

/** As much of FHIR R4 AuditEvent as the officer's pages show. */
export interface AuditEvent {
  resourceType: 'AuditEvent';
  id?: string;
  type?: Coding;
  subtype?: Coding[];
  action?: string;
  recorded: string;
  outcome?: string;
  outcomeDesc?: string;
  purposeOfEvent?: CodeableConcept[];
  agent?: { who?: Reference; role?: CodeableConcept[]; name?: string; type?: CodeableConcept; requestor?: boolean }[];
  entity?: {
    what?: Reference;
    type?: Coding;
    role?: Coding;
    name?: string;
    description?: string;
    detail?: { type: string; valueString?: string }[];
  }[];
  extension?: Extension[];
}

export interface AuditQuery {
  patient?: string;
  agent?: string;
  /** `yyyy-mm-dd`, both inclusive */
  from?: string;
  to?: string;
  outcome?: string;
  /** Opaque cursor of a later page. */
  page?: string;
}

export interface AuditPage {
  events: AuditEvent[];
  total?: number;
  /** Cursor of the next page; absent on the last. */
  next?: string;
}

interface AuditBundle {
  resourceType: 'Bundle';
  total?: number;
  link?: { relation: string; url: string }[];
  entry?: { resource: AuditEvent }[];
}

const API = 'Audit';
const PAGE_SIZE = 20;

/** The audit FHIR API. */
@Injectable()
export class AuditApi {
  private readonly base: string;

  constructor(
    private readonly client: FhirClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services.audit}/audit/FHIR/R4/AuditEvent`;
  }

  async search(onward: Onward, query: AuditQuery): Promise<AuditPage> {
    const parameters = new URLSearchParams();
    if (query.patient) parameters.append('patient', query.patient);
    if (query.agent) parameters.append('agent', query.agent);
    if (query.from) parameters.append('date', `ge${query.from}`);
    if (query.to) parameters.append('date', `le${query.to}`);
    if (query.outcome) parameters.append('outcome', query.outcome);
    parameters.append('_count', String(PAGE_SIZE));
    if (query.page) parameters.append('_page', query.page);

    const { status, body } = await this.client.call<AuditBundle>(API, `${this.base}?${parameters.toString()}`, onward);
    if (status !== 200 || isOutcome(body)) throw new ApiRefused(API, status, body);
    const next = body.link?.find((link) => link.relation === 'next')?.url;
    const cursor = next && new URL(next, this.base).searchParams.get('_page');
    return {
      events: body.entry?.map((entry) => entry.resource) ?? [],
      ...(body.total !== undefined && { total: body.total }),
      ...(cursor && { next: cursor }),
    };
  }
}
