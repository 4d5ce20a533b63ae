import { Fault } from '@carespine/fhir';
import type { Content, DocumentReference } from '../pointers/document-reference';
import { RetrievalFailure } from './retrieval-failure';

export const MECHANISMS = ['Direct', 'SSP', 'LDR', 'InContext'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** How one content of a pointer is had. */
export interface DocumentSource {
  /** `Contact`: a public page, opened in the user's browser and never fetched by us. */
  mechanism: Mechanism | 'Contact';
  /** https, whatever scheme the pointer wrote. */
  url: URL;
  contentType: string;
}

const MECHANISM = 'https://fhir.nhs.uk/England/StructureDefinition/Extension-England-NRLRetrievalMechanism';
export const CONTACT_DETAILS = 'urn:nhs-ic:record-contact';

/**
 * The route of a content: by its mechanism where it names one, else by the scheme of its address. A contact page is opened
 * without authentication also when it says `Direct`.
 *
 * @param index of `DocumentReference.content`; without it the first that is a document, else the contact page
 * @throws Fault INVALID_PARAMETER when there is no such content; RetrievalFailure PROVIDER_ADDRESS_REFUSED
 * @see record locator specification, "Choosing the route"
 */
export function sourceOf(pointer: DocumentReference, index: number | undefined): DocumentSource {
  const content = index === undefined ? (pointer.content.find((one) => one.format.code !== CONTACT_DETAILS) ?? pointer.content[0]) : pointer.content[index];
  if (!content) throw new Fault('INVALID_PARAMETER', { diagnostics: `The pointer has ${pointer.content.length} content, counted from 0`, expression: 'content' });
  const { url: written, contentType } = content.attachment;
  const isProxied = /^ssp:/i.test(written);
  const named = mechanismOf(content);
  const mechanism =
    content.format.code === CONTACT_DETAILS && !isProxied && (named === undefined || named === 'Direct') ? 'Contact' : (named ?? (isProxied ? 'SSP' : 'Direct'));
  if (isProxied && mechanism !== 'SSP' && mechanism !== 'LDR') refuse(`an ssp address cannot be had by ${mechanism}`);
  return { mechanism, url: documentAddress(written), contentType };
}

/**
 * An address as it may be called at all; whether its host may be is for the registry to say.
 *
 * @param written absolute, https or ssp, which is https through a proxy
 * @throws RetrievalFailure PROVIDER_ADDRESS_REFUSED
 */
export function documentAddress(written: string): URL {
  // what readers of addresses understand differently is not passed on to one of them
  if (written.length > 2048 || !/^[\x21-\x5b\x5d-\x7e]+$/.test(written)) refuse('the address holds characters that addresses do not have');
  if (!/^(https|ssp):\/\/[^/]/i.test(written)) refuse('the address is neither https nor ssp');
  let url: URL;
  try {
    url = new URL(written.replace(/^ssp:/i, 'https:'));
  } catch {
    refuse('the address cannot be read');
  }
  if (url.username || url.password || /^[a-z]+:\/\/[^/?#]*@/i.test(written)) refuse('the address holds credentials');
  return url;
}

function mechanismOf({ extension }: Content): Mechanism | undefined {
  const code = extension.find(({ url }) => url === MECHANISM)?.valueCodeableConcept?.coding?.[0]?.code;
  return MECHANISMS.find((mechanism) => mechanism === code);
}

function refuse(reason: string): never {
  throw new RetrievalFailure('PROVIDER_ADDRESS_REFUSED', reason);
}
