import { randomUUID } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { createParamDecorator, Injectable, Logger, type ExecutionContext, type OnModuleDestroy } from '@nestjs/common';
import { Fault, type OperationOutcome } from '@carespine/fhir';
import { CONTEXT_HEADER } from '@carespine/access-control';
import type { FastifyRequest } from 'fastify';
import { Agent, errors, request } from 'undici';

/** What a page hands on to every API it calls: in whose name, from where, and within which trace. */
export type Onward = Record<string, string>;

export const OnwardHeaders = createParamDecorator((_: unknown, context: ExecutionContext): Onward => onwardOf(context.switchToHttp().getRequest<FastifyRequest>()));

export function onwardOf(request: FastifyRequest): Onward {
  const { [CONTEXT_HEADER]: token, 'x-forwarded-for': address } = request.headers;
  return {
    traceparent: request.traceparent,
    ...(typeof token === 'string' && { [CONTEXT_HEADER]: token }),
    ...(typeof address === 'string' && { 'x-forwarded-for': address }),
  };
}

export interface Answer<T> {
  status: number;
  body: T | OperationOutcome;
  etag?: string;
}

export interface ApiFile {
  type: string;
  body: Readable;
  /** Bytes, where the API says so beforehand. */
  length?: number;
}

export interface Call {
  method?: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT';
  body?: unknown;
  contentType?: string;
  ifMatch?: string;
  /** Besides those that every call has. */
  headers?: Record<string, string>;
  /** Given only where a repeat by the user must be the same operation; else each call has its own. */
  requestId?: string;
  /** Until the first byte of the answer, per attempt. */
  timeoutMs?: number;
}

/** An API could not be reached, did not answer in time, or answered that it cannot work now. */
export class ApiUnavailable extends Error {
  constructor(readonly api: string) {
    super(`${api} is not available`);
  }
}

const CONNECT_TIMEOUT_MS = 2_000;
const READ_TIMEOUT_MS = 5_000;
/** A file may have to be put together first. */
const FILE_TIMEOUT_MS = 30_000;

/** Calls the platform's APIs, as suppliers do. */
@Injectable()
export class ApiClient implements OnModuleDestroy {
  private readonly logger = new Logger(ApiClient.name);
  private readonly agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, keepAliveTimeout: 10_000 });

  onModuleDestroy(): Promise<void> {
    return this.agent.close();
  }

  /**
   * One call, repeated once with the same X-Request-ID when the connection failed: the API knows a repeat by it.
   * A silent API is not asked twice: the user would wait twice.
   *
   * @throws ApiUnavailable on no answer, 429 and every 5xx
   */
  async call<T>(api: string, url: string, onward: Onward, call: Call = {}): Promise<Answer<T>> {
    const requestId = call.requestId ?? randomUUID();
    const attempt = () => this.attempt<T>(url, onward, call, requestId);
    const answer = await attempt()
      .catch((error: unknown) => (error instanceof errors.HeadersTimeoutError ? Promise.reject(error) : attempt()))
      .catch((error: unknown) => {
        this.logger.warn({ event: 'api.unreachable', api, requestId, reason: error instanceof Error ? error.name : 'unknown' });
        throw new ApiUnavailable(api);
      });
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
      this.logger.warn({ event: 'api.unavailable', api, requestId, status: answer.status });
      throw new ApiUnavailable(api);
    }
    return answer;
  }

  /**
   * As {@link call}, for what has one good answer alone.
   *
   * @throws ApiRefused on anything but 2xx
   */
  async ask<T>(api: string, url: string, onward: Onward, call: Call = {}): Promise<T> {
    const { status, body } = await this.call<T>(api, url, onward, {
      ...call,
      ...(call.body !== undefined && { contentType: 'application/json' }),
    });
    if (status >= 300 || isOutcome(body)) throw new ApiRefused(api, status, body);
    return body;
  }

  /**
   * A file, passed on as it comes.
   *
   * @throws ApiRefused on anything but 200, ApiUnavailable as {@link call}
   */
  async file(api: string, url: string, onward: Onward): Promise<ApiFile> {
    const opened = await this.open(api, url, onward);
    if (!('outcome' in opened)) return opened;
    if (opened.status >= 500 || opened.status === 429) throw new ApiUnavailable(api);
    throw new ApiRefused(api, opened.status, opened.outcome);
  }

  /**
   * As {@link file}, for a caller that has its own answer to each refusal.
   *
   * @param signal gives up, before the answer as in the middle of it
   * @throws ApiUnavailable on no answer
   */
  async open(
    api: string,
    url: string,
    onward: Onward,
    { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<ApiFile | { status: number; outcome: unknown }> {
    const answer = await begin(url, { ...onward, 'x-request-id': randomUUID(), ...headers }, signal).catch(() => {
      throw new ApiUnavailable(api);
    });
    const status = answer.statusCode ?? 0;
    if (status !== 200) return { status, outcome: await json(answer).catch(() => undefined) };
    const { 'content-type': type = 'application/octet-stream', 'content-length': length } = answer.headers;
    return { type, body: answer, ...(length !== undefined && { length: Number(length) }) };
  }

  private async attempt<T>(url: string, onward: Onward, call: Call, requestId: string): Promise<Answer<T>> {
    const { statusCode, headers, body } = await request(url, {
      method: call.method ?? 'GET',
      dispatcher: this.agent,
      headersTimeout: call.timeoutMs ?? READ_TIMEOUT_MS,
      bodyTimeout: READ_TIMEOUT_MS,
      headers: {
        ...onward,
        accept: 'application/fhir+json, application/json',
        'x-request-id': requestId,
        ...(call.contentType && { 'content-type': call.contentType }),
        ...(call.ifMatch && { 'if-match': call.ifMatch }),
        ...call.headers,
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
    const etag = headers.etag;
    const text = await body.text(); // empty in a 204
    return { status: statusCode, body: JSON.parse(text || 'null') as T | OperationOutcome, ...(typeof etag === 'string' && { etag }) };
  }
}

/**
 * Resolves with the head of an answer whose body comes as it is read. Node's own client: undici 7 throws past every handler when a
 * connection ends behind a body that is read slowly (nodejs/undici#5360).
 */
function begin(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let answer: IncomingMessage | undefined;
    const stop = (reason: unknown): void => void (answer ?? call).destroy(reason as Error);
    const gone = (): void => stop(signal?.reason);
    const call = (url.startsWith('https:') ? https : http).get(url, { agent: false, headers, timeout: CONNECT_TIMEOUT_MS }, (message) => {
      answer = message.on('error', () => undefined); // whoever reads is told
      resolve(message);
    });
    call.on('socket', (socket) => socket.once('connect', () => socket.setTimeout(FILE_TIMEOUT_MS)));
    call.on('timeout', () => {
      if (!answer?.readableLength) stop(new Error('silent')); // else it came, and waits for a slow reader
    });
    call.on('error', reject);
    call.on('close', () => signal?.removeEventListener('abort', gone));
    signal?.addEventListener('abort', gone);
  });
}

export const isOutcome = (body: unknown): body is OperationOutcome =>
  typeof body === 'object' && body !== null && (body as { resourceType?: unknown }).resourceType === 'OperationOutcome';

/** The code to branch on; '' when the answer is no OperationOutcome of the platform. */
export function outcomeCode(body: unknown): string {
  return isOutcome(body) ? (body.issue?.[0]?.details?.coding?.[0]?.code ?? '') : '';
}

/** An API refused: 4xx that a page has no own answer to. */
export class ApiRefused extends Error {
  readonly code: string;

  constructor(
    readonly api: string,
    readonly status: number,
    readonly outcome: unknown,
  ) {
    super(`${api} refused with ${status}`);
    this.code = outcomeCode(outcome);
  }

  /** What the API says to a developer, '' when it says nothing. */
  get diagnostics(): string {
    return isOutcome(this.outcome) ? (this.outcome.issue[0]?.diagnostics ?? '') : '';
  }

  /** FHIRPath or JSON path of the element at fault, as far as the API names it. */
  get element(): string {
    const expression = isOutcome(this.outcome) ? this.outcome.issue[0]?.expression?.[0] : undefined;
    return expression ?? /'([^']*)'$/.exec(this.diagnostics)?.[1] ?? '';
  }
}

/** A reference out of an address, which goes into an API's address as it stands. @throws Fault when it can be none */
export function referenceIn(address: string): string {
  if (/^[\w-]{1,64}$/.test(address)) return address;
  throw new Fault('RESOURCE_NOT_FOUND');
}
