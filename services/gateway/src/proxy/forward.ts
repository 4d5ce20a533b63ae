import type { IncomingMessage, ServerResponse } from 'node:http';
import { Transform, type Readable } from 'node:stream';
import { errors, Pool, type Dispatcher } from 'undici';

/** Connection-bound (RFC 9110, 7.6.1), or the gateway's own to say. */
const WITHHELD = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'authorization',
  'cookie',
  'forwarded',
  'carespine-context',
  'traceparent',
]);
const WITHHELD_FROM_CALLER = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'trailer', 'transfer-encoding', 'upgrade']);

/** Bytes that are held for a slow caller where the service cannot be asked to wait: it ends the connection with its answer, as none of ours does. */
const MOST_UNREAD = 16_777_216;

/** The service could not be reached, and nothing was sent to the caller yet. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The service took the request, and did not begin to answer in time. */
export class Silent extends Unreachable {}

/** More was sent than a request may hold. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** Passes requests on to one service, unread: bodies stream both ways. */
export class Upstream {
  private readonly pool: Pool;

  /**
   * @param largestBody bytes
   * @param firstByteMs longest wait for an answer to begin
   */
  constructor(
    origin: string,
    private readonly largestBody: number,
    firstByteMs = 30_000,
  ) {
    this.pool = new Pool(origin, { connections: 128, pipelining: 1, keepAliveTimeout: 60_000, connect: { timeout: 2000 }, headersTimeout: firstByteMs, bodyTimeout: 60_000 });
  }

  /**
   * Resolves when the answer has been passed on, or the caller has gone.
   *
   * @param added headers of the gateway's own, as name, value, name, value
   * @throws Unreachable, TooLarge
   */
  async forward(request: IncomingMessage, response: ServerResponse, added: string[]): Promise<void> {
    const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    try {
      await this.send(request, response, added, hasBody);
    } catch (error) {
      // a kept connection may have been closed just then: what changes nothing is asked once more, but not of a service that is at work on it
      if (!(error instanceof Unreachable) || error instanceof Silent || hasBody || request.method !== 'GET') throw error;
      await this.send(request, response, added, false);
    }
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  /** Node holds a body to its declared length; one without is counted as it comes. */
  private bounded(request: IncomingMessage): Readable {
    if (request.headers['content-length'] !== undefined) {
      if (Number(request.headers['content-length']) > this.largestBody) throw new TooLarge();
      return request;
    }
    let seen = 0;
    const { largestBody } = this;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        seen += chunk.length;
        if (seen > largestBody) done(new TooLarge());
        else done(null, chunk);
      },
    });
    // not pipeline: that would end the caller's connection, and with it the answer
    request.once('close', () => request.complete || counted.destroy());
    return request.pipe(counted);
  }

  private send(request: IncomingMessage, response: ServerResponse, added: string[], hasBody: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let abort: (() => void) | undefined;
      // undici 7 throws past every handler when a connection that is not kept ends behind a paused answer (nodejs/undici#5360)
      let mayPause = false;
      const gone = (): void => {
        if (!response.writableFinished) abort?.();
      };
      response.once('close', gone);
      const handler: Dispatcher.DispatchHandler = {
        onConnect(abortUpstream: (error?: Error) => void) {
          if (response.destroyed) abortUpstream();
          else abort = abortUpstream;
        },
        onHeaders(status: number, rawHeaders: Buffer[], resume: () => void) {
          if (status < 200) return true;
          const headers: string[] = [];
          let [connection, isFramed] = ['', false];
          for (let i = 0; i < rawHeaders.length; i += 2) {
            const name = (rawHeaders[i] as Buffer).toString('latin1');
            const value = (rawHeaders[i + 1] as Buffer).toString('latin1');
            const lower = name.toLowerCase();
            if (lower === 'connection') connection += value;
            else if (lower === 'content-length' || lower === 'transfer-encoding') isFramed = true;
            if (!WITHHELD_FROM_CALLER.has(lower)) headers.push(name, value);
          }
          mayPause = isFramed && !/\bclose\b/i.test(connection); // HTTP/1.1, as all services speak
          response.writeHead(status, headers);
          response.on('drain', resume);
          return true;
        },
        onData(chunk: Buffer) {
          const isRoomLeft = response.write(chunk);
          if (mayPause) return isRoomLeft;
          if (response.writableLength > MOST_UNREAD) abort?.();
          return true;
        },
        onComplete() {
          response.removeListener('close', gone);
          response.end();
          resolve();
        },
        onError(error: Error) {
          response.removeListener('close', gone);
          if (response.headersSent || response.destroyed) {
            response.destroy();
            resolve();
          } else {
            reject(error instanceof TooLarge ? error : error instanceof errors.HeadersTimeoutError ? new Silent(error.message) : new Unreachable(error.message));
          }
        },
      };
      const body = hasBody ? this.bounded(request) : null;
      this.pool.dispatch(
        {
          path: request.url as string,
          method: request.method as Dispatcher.HttpMethod,
          headers: headersOf(request.rawHeaders, added),
          body,
        },
        handler,
      );
    });
  }
}

function headersOf(raw: string[], added: string[]): string[] {
  const headers = [...added];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (!WITHHELD.has(lower) && !lower.startsWith('x-forwarded-')) headers.push(name, raw[i + 1] as string);
  }
  return headers;
}
