import { Injectable } from '@nestjs/common';
import { PortalConfig } from '../config';
import { ApiClient, type Onward } from './api-client';
import { queryOf } from './desk';
import type { Coding, DocumentReference } from './record-locator-api';

/** A pointer as its custodian lists it: nothing of the patient. */
export interface OwnPointer {
  id: string;
  type: Coding;
  date: string;
  lastUpdated?: string;
  contents: { contentType: string; format: Coding; mechanism?: string }[];
}

export interface OwnPointers {
  organisation: string;
  /** With the first page. */
  counts?: { type: Coding; count: number }[];
  pointers: OwnPointer[];
  next?: string;
}

export interface RetrievalFailures {
  days: number;
  codes: { code: string; count: number; latest: string }[];
  latest: { pointerId: string; code: string; at: string }[];
}

export type AccessControl = 'allow_all_types' | 'allow_override_creation_datetime' | 'allow_supersede_with_delete_failure';
export type Side = 'producer' | 'consumer';

/** Types of pointers that an application, or with `*` the staff, may handle for an organisation. */
export interface PointerPermission {
  application: string;
  organisation: string;
  side: Side;
  /** `system|code` */
  types: string[];
  access_controls: AccessControl[];
}

export interface PermissionPage {
  permissions: PointerPermission[];
  /** Every type that can be granted. */
  types: (Required<Coding> & { category: Coding })[];
  /** The caller's organisation sets the permissions of every other. */
  setsAll: boolean;
}

const API = 'The index of records';

/** What an organisation has in the record locator, and what its systems and staff may do there. */
@Injectable()
export class PointersApi {
  private readonly base: string;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services['record-locator']}/record-locator`;
  }

  own(onward: Onward, type?: string, after?: string): Promise<OwnPointers> {
    return this.client.ask(API, `${this.base}/v1/pointers?${queryOf({ type, after })}`, onward);
  }

  /** Of the last 7 days. */
  failures(onward: Onward): Promise<RetrievalFailures> {
    return this.client.ask(API, `${this.base}/v1/retrieval-failures`, onward);
  }

  /** One of the own organisation, whole. */
  read(onward: Onward, id: string): Promise<DocumentReference> {
    return this.client.ask(API, `${this.base}/producer/FHIR/R4/DocumentReference/${encodeURIComponent(id)}`, onward);
  }

  permissions(onward: Onward): Promise<PermissionPage> {
    return this.client.ask(API, `${this.base}/v1/permissions`, onward);
  }

  /** @throws ApiRefused 403 for another organisation, 422 for what cannot be granted */
  grant(onward: Onward, { types, access_controls, ...place }: PointerPermission): Promise<void> {
    return this.client.ask(API, this.placeOf(place), onward, { method: 'PUT', body: { types, access_controls } });
  }

  /** @throws ApiRefused 404 when there is none */
  withdraw(onward: Onward, place: Pick<PointerPermission, 'organisation' | 'application' | 'side'>): Promise<void> {
    return this.client.ask(API, this.placeOf(place), onward, { method: 'DELETE' });
  }

  private placeOf({ organisation, application, side }: Pick<PointerPermission, 'organisation' | 'application' | 'side'>): string {
    return [`${this.base}/v1/permissions`, ...[organisation, application, side].map(encodeURIComponent)].join('/');
  }
}
