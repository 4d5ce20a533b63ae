import { Inject, Injectable } from '@nestjs/common';
import { meter } from '@carespine/service-kit';
import type { DocumentReference } from '../pointers/document-reference';
import { AuditTokens, type Requester } from './audit-tokens';
import { DocumentFetch, endpointOf, type FetchedDocument } from './document-fetch';
import { sourceOf, type DocumentSource } from './document-source';
import { ProviderRegistry, type Provider, type ProviderEndpoint } from './provider-registry';
import { RetrievalFailure } from './retrieval-failure';

/** What a content of a pointer comes to. */
export type Retrieved =
  | ({ kind: 'document'; provider: Provider } & FetchedDocument)
  /** The provider's viewer: `token` is posted to `url` by the user's browser. */
  | { kind: 'launch'; url: string; token: string; expiresAt: Date; jti: string }
  /** A public page, for the user's browser to open. */
  | { kind: 'contact'; url: string };

const ASID = 'https://fhir.nhs.uk/Id/nhsSpineASID';
const READ_CONTENT = 'urn:nhs:names:services:nrl:DocumentReference.content.read';

const retrievals = meter.createCounter('document_retrievals_total', { description: 'Documents asked of providers, by provider and outcome' });

/** Gets the document behind a pointer, or the way to it. */
@Injectable()
export class DocumentRetrieval {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly fetches: DocumentFetch,
    @Inject(AuditTokens) private readonly tokens: AuditTokens | null,
  ) {}

  /**
   * @param index of `DocumentReference.content`
   * @param traceId UUID under which both sides keep the access
   * @throws Fault INVALID_PARAMETER when there is no such content; RetrievalFailure
   */
  async retrieve(who: Requester, pointer: DocumentReference, index: number | undefined, traceId: string, signal: AbortSignal): Promise<Retrieved> {
    const provider = this.registry.ofCustodian(pointer.custodian.identifier.value ?? '');
    const count = (outcome: string): void => retrievals.add(1, { provider: provider?.odsCode ?? 'unregistered', outcome });
    try {
      const retrieved = await this.by(sourceOf(pointer, index), provider, { who, pointer, traceId, signal });
      count(retrieved.kind);
      return retrieved;
    } catch (error) {
      if (error instanceof RetrievalFailure) count(error.code);
      throw error instanceof RetrievalFailure && !error.provider && provider ? new RetrievalFailure(error.code, error.reason, provider) : error;
    }
  }

  private async by(
    { mechanism, url, contentType }: DocumentSource,
    provider: Provider | undefined,
    { who, pointer, traceId, signal }: { who: Requester; pointer: DocumentReference; traceId: string; signal: AbortSignal },
  ): Promise<Retrieved> {
    if (mechanism === 'Contact') return { kind: 'contact', url: url.href };
    const { tokens } = this;
    if (!provider || !tokens) throw new RetrievalFailure('PROXY_PROVIDER_NOT_REGISTERED', `the custodian of the pointer, ${pointer.custodian.identifier.value ?? ''}, is not registered as a provider`);
    if (mechanism === 'InContext') {
      endpointOf(provider, url, 'InContext');
      return { kind: 'launch', url: url.href, ...(await tokens.launch(who, url.origin, pointer.subject.identifier.value ?? '', traceId)) };
    }
    const named = pointer.context.related?.find(({ identifier }) => identifier?.system === ASID)?.identifier?.value;
    const headersFor = async (endpoint: ProviderEndpoint, origin: string): Promise<Record<string, string>> => {
      const to = named ?? endpoint.asid;
      if (!to && mechanism === 'SSP') throw new RetrievalFailure('PROXY_PROVIDER_NOT_REGISTERED', 'no system id is registered for its host', provider);
      return {
        authorization: `Bearer ${await tokens.audit(who, origin, endpoint.auditToken)}`,
        accept: contentType,
        'accept-encoding': 'identity',
        'ssp-traceid': traceId,
        'ssp-from': tokens.systemAsid,
        ...(to && { 'ssp-to': to }),
        'ssp-interactionid': READ_CONTENT,
      };
    };
    return { kind: 'document', provider, ...(await this.fetches.fetch({ caller: who.userId ?? who.organisation, provider, mechanism, url, contentType, headersFor, signal })) };
  }
}
