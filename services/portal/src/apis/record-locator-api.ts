import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@carespine/access-control';
import type { Bundle, OperationOutcome } from '@carespine/fhir';
import { PortalConfig } from '../config';
import { ApiClient, ApiRefused, ApiUnavailable, isOutcome, outcomeCode, type ApiFile, type Onward } from './api-client';

export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}

interface Identified {
  identifier?: { system?: string; value?: string };
}

export interface Content {
  attachment: { contentType: string; url: string; title?: string; creation?: string };
  format: Coding;
  extension: { url: string; valueCodeableConcept?: { coding?: Coding[] } }[];
}

/** A pointer, as far as pages show it. @see record locator specification, "Elements" */
export interface DocumentReference {
  id: string;
  type: { coding?: Coding[] };
  category: { coding?: Coding[] }[];
  subject: Identified;
  custodian: Identified;
  author: Identified[];
  date: string;
  content: Content[];
  context?: { practiceSetting?: { coding?: Coding[] }; period?: { start?: string } };
}

/** Who holds documents, and whom to ask for one. */
export interface Provider {
  odsCode: string;
  name: string;
  contact: { telephone?: string; email?: string; hours?: string };
}

/** What comes of opening a document. */
export type Opened =
  | ({ kind: 'document'; requestId: string } & ApiFile)
  /** `token` is posted to `url` by the user's browser. */
  | { kind: 'launch'; url: string; token: string }
  | { kind: 'contact'; url: string }
  /** No document, and whose failure it is: a code of the record locator. */
  | { kind: 'failed'; status: number; code: string; provider?: Provider; requestId: string };

interface Parameters {
  parameter: { name: string; valueCode?: string; valueUrl?: string; valueString?: string }[];
}

/** The provider as a failure contains it. */
interface Organization {
  identifier?: { value?: string }[];
  name?: string;
  contact?: { purpose?: { text?: string }; telecom?: { system: string; value: string }[] }[];
}

const API = 'Records held elsewhere';
const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
/** Providers change with the registry: seldom. */
const PROVIDERS_FRESH_MS = 60_000;
/** Searches and documents are asked for in the name of the organisation of the user's role. */
const actingFor = (who: Principal): Record<string, string> => ({ 'nhsd-end-user-organisation-ods': who.organisation.odsCode });

/** The index of where patients' documents are, and the way to them. */
@Injectable()
export class RecordLocatorApi {
  private readonly base: string;
  private known: { providers: Map<string, Provider>; readAtMs: number } | undefined;

  constructor(
    private readonly client: ApiClient,
    config: PortalConfig,
  ) {
    this.base = `${config.services['record-locator']}/record-locator`;
  }

  /** Newest first. `more` when the patient has more than come at once. */
  async search(who: Principal, onward: Onward, nhsNumber: string): Promise<{ pointers: DocumentReference[]; more: boolean }> {
    const { entry = [], link = [] } = await this.client.ask<Bundle<DocumentReference>>(API, `${this.base}/consumer/FHIR/R4/DocumentReference/_search`, onward, {
      method: 'POST',
      body: { 'subject:identifier': `${NHS_NUMBER}|${nhsNumber}` },
      headers: actingFor(who),
    });
    return { pointers: entry.map(({ resource }) => resource), more: link.some(({ relation }) => relation === 'next') };
  }

  /** By ODS code. Empty when they cannot be had: codes are shown in place of names. */
  async providers(onward: Onward): Promise<ReadonlyMap<string, Provider>> {
    if (this.known && performance.now() - this.known.readAtMs < PROVIDERS_FRESH_MS) return this.known.providers;
    try {
      const { providers } = await this.client.ask<{ providers: Provider[] }>(API, `${this.base}/v1/providers`, onward);
      this.known = { providers: new Map(providers.map((provider) => [provider.odsCode, provider])), readAtMs: performance.now() };
    } catch {
      // those known before will do
    }
    return this.known?.providers ?? new Map();
  }

  /**
   * The document of a pointer, or the way to it.
   *
   * @param content counted from 0
   * @param signal gives up, before the first byte as in the middle of the document
   * @throws ApiRefused when there is no such pointer, or not for this caller; ApiUnavailable
   */
  async retrieve(who: Principal, onward: Onward, pointerId: string, content: number, signal: AbortSignal): Promise<Opened> {
    const requestId = randomUUID();
    const url = `${this.base}/consumer/FHIR/R4/DocumentReference/${encodeURIComponent(pointerId)}/$retrieve?content=${content}`;
    const opened = await this.client.open(API, url, onward, { headers: { ...actingFor(who), 'x-request-id': requestId }, signal });
    if ('outcome' in opened) return failureOf(opened, requestId);
    // the record locator's own answers name a version; a document is passed on under the pointer's type, which has none
    if (!/^application\/fhir\+json;\s*version="?1/.test(opened.type)) return { kind: 'document', requestId, ...opened };
    const { parameter } = JSON.parse((await bytesOf(opened, 65_536)).toString()) as Parameters;
    const part = (name: string) => parameter.find((one) => one.name === name);
    const target = part('url')?.valueUrl ?? '';
    if (!/^https:\/\//.test(target)) throw new ApiUnavailable(API);
    return part('mechanism')?.valueCode === 'InContext'
      ? { kind: 'launch', url: target, token: part('token')?.valueString ?? '' }
      : { kind: 'contact', url: target };
  }
}

/** @throws TooLarge when there are more bytes; the error of a body that breaks off */
export async function bytesOf({ body }: ApiFile, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    if ((size += (chunk as Buffer).length) > mostBytes) throw new TooLarge();
  }
  return Buffer.concat(chunks);
}

export class TooLarge extends Error {}

function failureOf({ status, outcome }: { status: number; outcome: unknown }, requestId: string): Opened {
  const code = outcomeCode(outcome);
  if (/^(PROXY|PROVIDER)_/.test(code)) return { kind: 'failed', status, code, requestId, ...providerIn(outcome) };
  if (status >= 500 || status === 429) throw new ApiUnavailable(API);
  throw new ApiRefused(API, status, outcome);
}

function providerIn(outcome: unknown): { provider?: Provider } {
  if (!isOutcome(outcome)) return {};
  const [organization] = (outcome as OperationOutcome & { contained?: Organization[] }).contained ?? [];
  if (!organization) return {};
  const { purpose, telecom = [] } = organization.contact?.[0] ?? {};
  const by = (system: string) => telecom.find((one) => one.system === system)?.value;
  const [telephone, email, hours] = [by('phone'), by('email'), purpose?.text];
  return {
    provider: {
      odsCode: organization.identifier?.[0]?.value ?? '',
      name: organization.name ?? '',
      contact: { ...(telephone && { telephone }), ...(email && { email }), ...(hours && { hours }) },
    },
  };
}
