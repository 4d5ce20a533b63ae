import type { OperationOutcome } from '@carespine/fhir';
import { faultAs } from '../pointers/outcomes';
import type { Retrieved } from './document-retrieval.service';
import type { RetrievalFailure } from './retrieval-failure';

type DocumentOf<Kind extends Retrieved['kind']> = Extract<Retrieved, { kind: Kind }>;

/**
 * What a provider wrote is shown as a page of no origin: it runs nothing, sends nothing and loads nothing, and only pages of ours may
 * frame it. A link in it leads away without saying from where.
 */
const SANDBOX = [
  'sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** Of the document's answer: all are ours, none of the provider's is passed on. */
export function headersOf(pointerId: string, { contentType, length }: Pick<DocumentOf<'document'>, 'contentType' | 'length'>): Record<string, string> {
  const isPage = contentType.startsWith('text/html');
  // browsers show no PDF in a sandbox, and would run one's scripts in a viewer of ours: it is saved
  const name = `${pointerId.replace(/[^A-Za-z0-9._-]/g, '_')}.${isPage ? 'html' : contentType === 'application/pdf' ? 'pdf' : 'json'}`;
  return {
    'content-type': contentType,
    ...(length !== undefined && { 'content-length': String(length) }),
    'content-disposition': `${isPage ? 'inline' : 'attachment'}; filename="${name}"`,
    'content-security-policy': SANDBOX,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}

interface Parameters {
  resourceType: 'Parameters';
  parameter: ({ name: string } & ({ valueCode: string } | { valueUrl: string } | { valueString: string } | { valueInstant: string }))[];
}

/** What is opened rather than fetched: the address, and for a viewer the token to post to it as the form field `token`. */
export function openedElsewhere(retrieved: DocumentOf<'launch' | 'contact'>): Parameters {
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'mechanism', valueCode: retrieved.kind === 'launch' ? 'InContext' : 'Contact' },
      { name: 'url', valueUrl: retrieved.url },
      ...(retrieved.kind === 'launch'
        ? [
            { name: 'token', valueString: retrieved.token },
            { name: 'expires', valueInstant: retrieved.expiresAt.toISOString() },
          ]
        : []),
    ],
  };
}

/** The failure, and whom to ask for the document: `contained` holds the provider with its contact details. */
export function outcomeOf(failure: RetrievalFailure): OperationOutcome & { contained?: object[]; extension?: object[] } {
  const { provider } = failure;
  const outcome = faultAs(failure).toOperationOutcome();
  if (!provider) return outcome;
  const { telephone, email, hours } = provider.contact;
  const telecom = [...(telephone ? [{ system: 'phone', value: telephone }] : []), ...(email ? [{ system: 'email', value: email }] : [])];
  const organization = {
    resourceType: 'Organization',
    id: 'provider',
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: provider.odsCode }],
    name: provider.name,
    ...(telecom.length > 0 && { contact: [{ ...(hours && { purpose: { text: hours } }), telecom }] }),
  };
  const { resourceType, ...rest } = outcome;
  return { resourceType, contained: [organization], extension: [{ url: 'urn:carespine:document-provider', valueReference: { reference: '#provider' } }], ...rest };
}
