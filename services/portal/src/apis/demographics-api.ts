import { Injectable } from '@nestjs/common';
import type { Bundle, Patient, RelatedPerson } from '@carespine/fhir';
import { PortalConfig } from '../config';
import { ApiRefused, ApiClient, isOutcome, outcomeCode, type Onward } from './api-client';

/** RFC 6902, as far as the national API takes it: no `move`, no `copy`. */
export interface PatchOperation {
  op: 'add' | 'replace' | 'remove' | 'test';
  path: string;
  value?: unknown;
}

export interface PatientRead {
  patient: Patient;
  /** Of `W/"<n>"`: what a form must send back to change exactly what was shown. */
  version: string;
}

const API = 'Patient demographics';
/** The API itself waits up to 10 s for a write. */
const WRITE_TIMEOUT_MS = 12_000;

/** The demographics FHIR API. */
@Injectable()
export class DemographicsApi {
  private readonly base: string;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services.demographics}/personal-demographics/FHIR/R4/Patient`;
  }

  /** @returns hits, best first; `too-many` when the API wants a narrower search */
  async search(onward: Onward, criteria: URLSearchParams): Promise<Bundle<Patient> | 'too-many'> {
    const { status, body } = await this.client.call<Bundle<Patient>>(API, `${this.base}?${criteria.toString()}`, onward);
    if (status === 200 && !isOutcome(body)) return body;
    if (status === 200 && outcomeCode(body) === 'TOO_MANY_MATCHES') return 'too-many';
    throw new ApiRefused(API, status, body);
  }

  async read(onward: Onward, nhsNumber: string): Promise<PatientRead> {
    const { status, body, etag } = await this.client.call<Patient>(API, `${this.base}/${nhsNumber}`, onward);
    if (status !== 200 || isOutcome(body)) throw new ApiRefused(API, status, body);
    return { patient: body, version: /^W\/"(\d+)"$/.exec(etag ?? '')?.[1] ?? body.meta?.versionId ?? '' };
  }

  async relatedPersons(onward: Onward, nhsNumber: string): Promise<RelatedPerson[]> {
    const { status, body } = await this.client.call<Bundle<RelatedPerson>>(API, `${this.base}/${nhsNumber}/RelatedPerson`, onward);
    if (status === 404) return [];
    if (status !== 200 || isOutcome(body)) throw new ApiRefused(API, status, body);
    return body.entry?.map((entry) => entry.resource) ?? [];
  }

  /** @param requestId the same for the same change, so that a repeat is no second change */
  async patch(onward: Onward, nhsNumber: string, version: string, patches: PatchOperation[], requestId: string): Promise<Patient> {
    const { status, body } = await this.client.call<Patient>(API, `${this.base}/${nhsNumber}`, onward, {
      method: 'PATCH',
      body: { patches },
      contentType: 'application/json-patch+json',
      ifMatch: `W/"${version}"`,
      requestId,
      timeoutMs: WRITE_TIMEOUT_MS,
    });
    if (status !== 200 || isOutcome(body)) throw new ApiRefused(API, status, body);
    return body;
  }
}
