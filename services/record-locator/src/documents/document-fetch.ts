import { finished, Readable } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { errors, type Dispatcher } from 'undici';
import { documentAddress, type Mechanism } from './document-source';
import { AddressRefused, KeyNotPinned, type ProviderConnections } from './provider-connections';
import type { Provider, ProviderEndpoint } from './provider-registry';
import { RetrievalFailure, type RetrievalCode } from './retrieval-failure';

/** A document on its way: what it is, and its bytes as they come. */
export interface FetchedDocument {
  /** The pointer's, with the provider's charset. */
  contentType: string;
  /** Bytes, where the provider said so. */
  length: number | undefined;
  /** Fails with a {@link RetrievalFailure} when the document breaks off. To be destroyed when nobody reads on: it holds a connection. */
  bytes: Readable;
}

export interface FetchLimits {
  /** From the first call to the first byte, with all redirects and the second try, in milliseconds. */
  firstByteMs: number;
  /** From the first call to the last byte, in milliseconds. */
  totalMs: number;
  /** Bytes. */
  largestDocument: number;
  /** Bytes, of what is had by LDR. */
  largestLargeDocument: number;
  /** Documents that are fetched of one provider at once: a slow one must not hold up the others. */
  atOncePerProvider: number;
}

export interface FetchRequest {
  provider: Provider;
  mechanism: Mechanism;
  url: URL;
  /** What the pointer says that the document is. */
  contentType: string;
  /** Headers of a call to one endpoint; the token in them is for nobody else. */
  headersFor: (endpoint: ProviderEndpoint, origin: string) => Promise<Record<string, string>>;
  /** The caller has gone. */
  signal: AbortSignal;
}

const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** The provider's door rather than the provider: the same call may succeed a moment later. */
const PASSING = new Set([502, 503, 504]);
const FHIR_JSON = ['application/json', 'application/fhir+json', 'application/json+fhir'];

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Undefined at the end of an empty body. */
  first: Buffer | undefined;
  rest: AsyncIterator<Buffer>;
  /** Leaves the rest unread. */
  discard: () => void;
}

/**
 * Fetches documents of registered hosts: each call and each redirect to one of the provider's own endpoints alone, within limits of time
 * and size, once more when nothing came of the first try.
 */
export class DocumentFetch {
  private readonly underWay = new Map<string, number>();

  constructor(
    private readonly connections: ProviderConnections,
    private readonly limits: FetchLimits,
  ) {}

  /**
   * Resolves with the document's first byte at hand.
   *
   * @throws RetrievalFailure
   */
  async fetch(request: FetchRequest): Promise<FetchedDocument> {
    const { provider, mechanism, signal } = request;
    const release = this.occupy(provider);
    const stop = new AbortController();
    const giveUp = (reason: string): void => stop.abort(new RetrievalFailure('PROVIDER_TIMEOUT', reason, provider));
    const firstByte = setTimeout(giveUp, this.limits.firstByteMs, 'no document came in the time allowed');
    const total = setTimeout(giveUp, this.limits.totalMs, 'the document did not end in the time allowed');
    const done = (): void => {
      clearTimeout(total);
      release();
      stop.abort(); // whatever is still open
    };
    try {
      const answer = await this.follow(request, AbortSignal.any([stop.signal, signal]));
      const contentType = contentTypeOf(answer.headers, request.contentType, provider);
      const largest = mechanism === 'LDR' ? this.limits.largestLargeDocument : this.limits.largestDocument;
      const length = lengthOf(answer.headers);
      if (length !== undefined && length > largest) throw tooLarge(provider);
      const bytes = Readable.from(bounded(answer, largest, provider), { objectMode: false });
      finished(bytes, done);
      return { contentType, length, bytes };
    } catch (error) {
      done();
      throw error instanceof RetrievalFailure ? error : failureOf(error, provider);
    } finally {
      clearTimeout(firstByte);
    }
  }

  private occupy(provider: Provider): () => void {
    const { odsCode } = provider;
    const held = this.underWay.get(odsCode) ?? 0;
    if (held >= this.limits.atOncePerProvider) throw new RetrievalFailure('PROXY_BUSY', 'as many of its documents as this proxy allows are being fetched', provider);
    this.underWay.set(odsCode, held + 1);
    return () => {
      const left = (this.underWay.get(odsCode) ?? 1) - 1;
      if (left > 0) this.underWay.set(odsCode, left);
      else this.underWay.delete(odsCode);
    };
  }

  private async follow({ provider, mechanism, url: first, headersFor }: FetchRequest, signal: AbortSignal): Promise<Answer> {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const endpoint = endpointOf(provider, url, mechanism);
      const headers = await headersFor(endpoint, url.origin);
      const answer = await this.callTwice(endpoint, { path: url.pathname + url.search, method: 'GET', headers, signal });
      if (answer.status === 200) return answer;
      answer.discard();
      if (!REDIRECTS.has(answer.status)) throw refusalOf(answer.status, provider);
      if (redirects === MOST_REDIRECTS) throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'redirects without end', provider);
      url = redirectTarget(answer.headers['location'], url, provider);
    }
  }

  /** A GET may be made again: once, when no connection came about or held, or the provider's door said that it is not there. */
  private async callTwice(endpoint: ProviderEndpoint, options: Dispatcher.RequestOptions): Promise<Answer> {
    try {
      const answer = await this.call(endpoint, options);
      if (!PASSING.has(answer.status)) return answer;
      answer.discard();
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
    }
    return this.call(endpoint, options);
  }

  private async call(endpoint: ProviderEndpoint, options: Dispatcher.RequestOptions): Promise<Answer> {
    const { statusCode, headers, body } = await this.connections.to(endpoint).request(options);
    body.on('error', () => undefined); // whoever reads is told
    const rest = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    const { value, done } = await rest.next();
    return { status: statusCode, headers, first: done ? undefined : value, rest, discard: () => void body.destroy() };
  }
}

/** @throws RetrievalFailure */
export function endpointOf(provider: Provider, url: URL, mechanism: Mechanism): ProviderEndpoint {
  const port = url.port === '' ? 443 : Number(url.port);
  const endpoint = provider.endpoints.find((one) => one.host === url.hostname && one.port === port);
  if (!endpoint) throw new RetrievalFailure('PROVIDER_ADDRESS_REFUSED', 'the address is not one of the hosts registered for this provider', provider);
  if (!endpoint.mechanisms.includes(mechanism)) throw new RetrievalFailure('PROXY_PROVIDER_NOT_REGISTERED', `its host is not registered for ${mechanism}`, provider);
  return endpoint;
}

async function* bounded({ first, rest }: Answer, largest: number, provider: Provider): AsyncGenerator<Buffer, void> {
  try {
    let seen = 0;
    for (let chunk = first; chunk; ) {
      seen += chunk.length;
      if (seen > largest) throw tooLarge(provider);
      yield chunk;
      const next = await rest.next();
      chunk = next.done ? undefined : next.value;
    }
  } catch (error) {
    throw error instanceof RetrievalFailure ? error : failureOf(error, provider);
  }
}

const tooLarge = (provider: Provider): RetrievalFailure => new RetrievalFailure('PROVIDER_DOCUMENT_TOO_LARGE', 'the document is too large', provider);

/**
 * @returns the pointer's type, which alone decides how the document is shown, with the provider's charset where it is a plain one
 * @throws RetrievalFailure when the provider says that it is something else, or packs it
 */
function contentTypeOf(headers: Answer['headers'], expected: string, provider: Provider): string {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'the document is packed, and was asked for as it is', provider);
  const given = headers['content-type'];
  const [, essence, charset] = /^([\w.+-]+\/[\w.+-]+)\s*(?:;\s*charset="?(utf-8|us-ascii|iso-8859-1|iso-8859-15|windows-1252)"?\s*)?(?:;|$)/i.exec(typeof given === 'string' ? given : '') ?? [];
  const type = essence?.toLowerCase() ?? '';
  if (type !== expected && !(FHIR_JSON.includes(type) && FHIR_JSON.includes(expected))) {
    throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', `not the ${expected} that the pointer promises`, provider);
  }
  return expected === 'text/html' ? `${expected}; charset=${charset?.toLowerCase() ?? 'utf-8'}` : expected;
}

function lengthOf(headers: Answer['headers']): number | undefined {
  const given = headers['content-length'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}

function redirectTarget(location: string | string[] | undefined, from: URL, provider: Provider): URL {
  if (typeof location !== 'string') throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'redirects without one address', provider);
  try {
    return documentAddress(/^[a-z][a-z0-9+.-]*:/i.test(location) ? location : new URL(location, from).href);
  } catch (error) {
    throw new RetrievalFailure('PROVIDER_ADDRESS_REFUSED', `redirects to where this proxy does not go: ${error instanceof RetrievalFailure ? error.reason : 'no address'}`, provider);
  }
}

function refusalOf(status: number, provider: Provider): RetrievalFailure {
  const code: RetrievalCode =
    status === 401 || status === 403 ? 'PROVIDER_REFUSED' : status === 404 || status === 410 ? 'PROVIDER_DOCUMENT_NOT_FOUND' : status < 400 ? 'PROVIDER_RESPONSE_INVALID' : 'PROVIDER_ERROR';
  return new RetrievalFailure(code, `answered ${status}`, provider);
}

const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT']);
const NOT_TRUSTED = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

function codeOf(error: unknown): string {
  return isNativeError(error) && 'code' in error ? String(error.code) : '';
}

const isConnectionLost = (error: unknown): boolean => LOST.has(codeOf(error));

/** @returns what to say of an error of the connection; anything else is our own fault, and passed on as it is */
function failureOf(error: unknown, provider: Provider): unknown {
  const code = codeOf(error);
  const failure = (kind: RetrievalCode, reason: string): RetrievalFailure => new RetrievalFailure(kind, reason, provider);
  if (error instanceof AddressRefused) return failure('PROVIDER_ADDRESS_REFUSED', 'its name leads to an address that is not on the public internet');
  if (error instanceof KeyNotPinned || NOT_TRUSTED.test(code)) return failure('PROVIDER_NOT_TRUSTED', 'its certificate is not one that is believed');
  if (code === 'UND_ERR_BODY_TIMEOUT') return failure('PROVIDER_TIMEOUT', 'fell silent in the middle of the document');
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return failure('PROVIDER_TIMEOUT', 'no document came in the time allowed');
  if (LOST.has(code)) return failure('PROVIDER_UNREACHABLE', code === 'UND_ERR_SOCKET' ? 'the connection broke' : 'no connection');
  if (error instanceof errors.HTTPParserError || code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return failure('PROVIDER_RESPONSE_INVALID', 'the answer is not HTTP as it should be');
  }
  return error;
}
