import type { IncomingMessage } from 'node:http';
import { finished, Readable } from 'node:stream';
import { failureOf, isConnectionLost } from './call-failures';
import { documentAddress, type Mechanism } from './document-source';
import type { ProviderConnections } from './provider-connections';
import type { Provider, ProviderEndpoint } from './provider-registry';
import { RetrievalFailure, type RetrievalCode } from './retrieval-failure';

/** A document on its way: what it is, and its bytes as they come. */
export interface FetchedDocument {
  /** The pointer's, with the provider's charset where it names one. */
  contentType: string;
  /** Bytes, where the provider said so. */
  length: number | undefined;
  /**
   * Fails with a {@link RetrievalFailure} when the document breaks off, with {@link ReaderTooSlow} when it is not read in time.
   * To be destroyed when nobody reads on: it holds a connection.
   */
  bytes: Readable;
}

export interface FetchLimits {
  /** From the first call to the first byte, with all redirects and the second try, in milliseconds. */
  firstByteMs: number;
  /** From the first call to the last byte, in milliseconds. */
  totalMs: number;
  /** Longest silence in the middle of a document, in milliseconds; a reader of ours that takes its time is none. */
  idleMs: number;
  /** Bytes. */
  largestDocument: number;
  /** Bytes, of what is had by LDR. */
  largestLargeDocument: number;
  /** Documents that are fetched of one provider at once: a slow one must not hold up the others. */
  atOncePerProvider: number;
}

export interface FetchRequest {
  /** Whoever asks: one of them must not hold up the others. */
  caller: string;
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

/** The document was not read as fast as it may take; nobody's failure but the reader's. */
export class ReaderTooSlow extends Error {
  override readonly name = 'ReaderTooSlow';
}

const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** The provider's door rather than the provider: the same call may succeed a moment later. */
const PASSING = new Set([502, 503, 504]);
const FHIR_JSON = ['application/json', 'application/fhir+json', 'application/json+fhir'];
/** Those of the WHATWG that write markup as ASCII does, and so look the same to every reader. */
const CHARSETS = ['utf-8', 'utf8', 'us-ascii', 'iso-8859-1', 'iso-8859-15', 'windows-1252'];
/** Documents that one caller may have of one provider at once. */
const AT_ONCE_PER_CALLER = 4;

/** What a call came to: a document, or a status that says why there is none. */
type Answer = { contentType: string; length: number | undefined; first: Buffer; rest: AsyncIterator<Buffer> } | { status: number; location: string | undefined };

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
    const { provider, signal } = request;
    const release = this.occupy(request);
    const stop = new AbortController();
    const tooLate = (reason: string): void => stop.abort(new RetrievalFailure('PROVIDER_TIMEOUT', reason, provider));
    const firstByte = setTimeout(tooLate, this.limits.firstByteMs, 'no document came in the time allowed');
    let total: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(total);
      release();
      stop.abort(); // whatever is still open
    };
    const startedAt = performance.now();
    try {
      const { contentType, length, first, rest } = await this.follow(request, AbortSignal.any([stop.signal, signal]));
      const waiting = { forProvider: false };
      const bytes = Readable.from(this.bounded(request, first, rest, waiting, tooLate), { objectMode: false });
      total = setTimeout(
        () => (waiting.forProvider ? tooLate('the document did not end in the time allowed') : bytes.destroy(new ReaderTooSlow())),
        this.limits.totalMs - (performance.now() - startedAt),
      );
      finished(bytes, done);
      return { contentType, length, bytes };
    } catch (error) {
      done();
      throw error instanceof RetrievalFailure ? error : failureOf(error, provider);
    } finally {
      clearTimeout(firstByte);
    }
  }

  private occupy({ provider, caller }: FetchRequest): () => void {
    const { odsCode } = provider;
    const places = [
      { key: odsCode, most: this.limits.atOncePerProvider, whose: 'its documents' },
      { key: `${odsCode} ${caller}`, most: AT_ONCE_PER_CALLER, whose: 'its documents for one caller' },
    ];
    const held = (key: string): number => this.underWay.get(key) ?? 0;
    const full = places.find(({ key, most }) => held(key) >= most);
    if (full) throw new RetrievalFailure('PROXY_BUSY', `as many of ${full.whose} as this proxy allows are being fetched`, provider);
    for (const { key } of places) this.underWay.set(key, held(key) + 1);
    return () => {
      for (const { key } of places) {
        if (held(key) > 1) this.underWay.set(key, held(key) - 1);
        else this.underWay.delete(key);
      }
    };
  }

  /** Redirects, and one second try in all: when no connection came about or held, or the provider's door said that it is not there. */
  private async follow(request: FetchRequest, signal: AbortSignal): Promise<Extract<Answer, { first: Buffer }>> {
    const { provider } = request;
    let { url } = request;
    let redirects = 0;
    for (let tries = 1; ; ) {
      const answer = await this.call(request, url, signal).catch((error: unknown) => {
        if (tries === 1 && isConnectionLost(error)) return undefined;
        throw error;
      });
      if (answer && 'first' in answer) return answer;
      if (!answer || (tries === 1 && PASSING.has(answer.status))) {
        tries++;
        continue;
      }
      if (!REDIRECTS.has(answer.status)) throw refusalOf(answer.status, provider);
      if (redirects++ === MOST_REDIRECTS) throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'redirects without end', provider);
      url = redirectTarget(answer.location, url, provider);
    }
  }

  private async call({ provider, mechanism, contentType: expected, headersFor }: FetchRequest, url: URL, signal: AbortSignal): Promise<Answer> {
    const endpoint = endpointOf(provider, url, mechanism);
    const headers = await headersFor(endpoint, url.origin);
    const message = await this.connections.get(endpoint, url.pathname + url.search, headers, signal);
    try {
      const status = message.statusCode ?? 0;
      if (status !== 200) {
        message.destroy(); // its body may be slow to come, and says nothing to us
        return { status, location: headerOf(message, 'location') };
      }
      const contentType = contentTypeOf(message, expected, provider);
      const length = lengthOf(message, provider);
      if (length !== undefined && length > this.largest(mechanism)) throw tooLarge(provider);
      const rest = message[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const first = await rest.next();
      if (first.done) throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'the document is empty', provider);
      return { contentType, length, first: first.value, rest };
    } catch (error) {
      message.destroy();
      throw error;
    }
  }

  private largest(mechanism: Mechanism): number {
    return mechanism === 'LDR' ? this.limits.largestLargeDocument : this.limits.largestDocument;
  }

  private async *bounded(
    { provider, mechanism }: FetchRequest,
    first: Buffer,
    rest: AsyncIterator<Buffer>,
    waiting: { forProvider: boolean },
    tooLate: (reason: string) => void,
  ): AsyncGenerator<Buffer, void> {
    try {
      let seen = 0;
      for (let chunk: Buffer | undefined = first; chunk; ) {
        seen += chunk.length;
        if (seen > this.largest(mechanism)) throw tooLarge(provider);
        yield chunk;
        waiting.forProvider = true;
        const silence = setTimeout(tooLate, this.limits.idleMs, 'fell silent in the middle of the document');
        const next: IteratorResult<Buffer> = await rest.next().finally(() => clearTimeout(silence));
        waiting.forProvider = false;
        chunk = next.done ? undefined : next.value;
      }
    } catch (error) {
      throw error instanceof RetrievalFailure ? error : failureOf(error, provider);
    }
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

const tooLarge = (provider: Provider): RetrievalFailure => new RetrievalFailure('PROVIDER_DOCUMENT_TOO_LARGE', 'the document is too large', provider);

/** @returns undefined when it is absent, or there are several of which one reader may take the first and another the last */
function headerOf(message: IncomingMessage, name: string): string | undefined {
  const values = message.headersDistinct[name] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/**
 * @returns the pointer's type, which alone decides how the document is shown, with the provider's charset where it names one
 * @throws RetrievalFailure when the provider says that it is something else, or packs it
 */
function contentTypeOf(message: IncomingMessage, expected: string, provider: Provider): string {
  const invalid = (reason: string): RetrievalFailure => new RetrievalFailure('PROVIDER_RESPONSE_INVALID', reason, provider);
  const { 'content-encoding': encoding = 'identity' } = message.headers;
  if (encoding !== 'identity') throw invalid('the document is packed, and was asked for as it is');
  const given = headerOf(message, 'content-type') ?? '';
  const type = /^([\w.+-]+\/[\w.+-]+)\s*(?:;|$)/.exec(given)?.[1]?.toLowerCase() ?? '';
  if (type !== expected && !(FHIR_JSON.includes(type) && FHIR_JSON.includes(expected))) throw invalid(`not the ${expected} that the pointer promises`);
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(given)?.[1]?.toLowerCase();
  if (expected !== 'text/html' || charset === undefined) return expected;
  if (!CHARSETS.includes(charset)) throw invalid('the document is in a character set that is not taken');
  return `${expected}; charset=${charset}`;
}

/**
 * @returns bytes, where the provider said so
 * @throws RetrievalFailure when nothing would tell the end of the document from the end of the connection
 */
function lengthOf(message: IncomingMessage, provider: Provider): number | undefined {
  const [length, coding] = [headerOf(message, 'content-length'), headerOf(message, 'transfer-encoding')];
  if (coding?.toLowerCase() === 'chunked') return undefined;
  if (coding === undefined && length !== undefined && /^\d{1,15}$/.test(length)) return Number(length);
  throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'the answer does not say where the document ends', provider);
}

function redirectTarget(location: string | undefined, from: URL, provider: Provider): URL {
  if (location === undefined) throw new RetrievalFailure('PROVIDER_RESPONSE_INVALID', 'redirects without one address', provider);
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
