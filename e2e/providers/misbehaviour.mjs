import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { page } from './documents.mjs';

/**
 * What a provider may do wrong, or do to us, by the first part of the path; the parts after it are its arguments.
 *
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {{ times: (key: string) => number }} Memory
 * @type {Record<string, (response: Response, args: string[], memory: Memory, request: Request) => unknown>}
 */
export const misbehaviours = {
  /** `/status/503`: a status with a body that holds what nobody should see. */
  status: (response, [status]) => response.writeHead(Number(status), { 'content-type': 'text/plain' }).end('internal detail of the provider'),

  /** `/first-503/<key>`: fails once a key, then gives the document. `/first-reset/<key>`: hangs up once. */
  'first-503': (response, [key], { times }) => (times(`503 ${key}`) === 1 ? response.writeHead(503).end('later') : pdf(response)),
  'first-reset': (response, [key], { times }) => (times(`reset ${key}`) === 1 ? response.socket?.destroy() : pdf(response)),
  /** Hangs up every time; after its headers. */
  reset: (response) => response.socket?.destroy(),
  'reset-after-headers': (response) => {
    response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': '1000' }).flushHeaders();
    setTimeout(() => response.socket?.destroy(), 20);
  },

  /** Never answers; answers without a body that ever comes; stops in the middle. */
  silent: () => undefined,
  'silent-after-headers': (response) => response.writeHead(200, { 'content-type': 'application/pdf' }).flushHeaders(),
  'silent-in-the-middle': (response) => response.writeHead(200, { 'content-type': 'application/pdf' }).write('%PDF-1.7\nand then'),
  /** `/broken/1000`: promises that many bytes and hangs up after a tenth. */
  broken: (response, [bytes]) => {
    response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': bytes });
    response.write('x'.repeat(Number(bytes) / 10));
    setTimeout(() => response.socket?.destroy(), 50);
  },
  /** A byte at a time, without end. */
  trickle: async (response) => {
    response.writeHead(200, { 'content-type': 'application/pdf' });
    while (!response.destroyed) {
      response.write('x');
      await delay(20);
    }
  },

  /** `/huge/200000000`: that many bytes, declared; `/endless`: never ends, declares nothing. */
  huge: (response, [bytes]) => {
    response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': bytes });
    return pour(response, Number(bytes));
  },
  endless: (response) => {
    response.writeHead(200, { 'content-type': 'application/pdf' });
    return pour(response, Infinity);
  },
  /** `/closing/<bytes>`: that many, and the end of the connection as soon as they are sent. `/closing-by-reset/<bytes>`: by RST. */
  closing: (response, [bytes]) => closing(response, bytes, (socket) => socket.end()),
  'closing-by-reset': (response, [bytes]) => closing(response, bytes, (socket) => setTimeout(() => socket.resetAndDestroy(), 100)),
  /** `/stalled/500`: a status, and a body that never ends. */
  stalled: (response, [status]) => response.writeHead(Number(status), { 'content-type': 'text/plain' }).write('internal detail'),
  empty: (response) => response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': '0' }).end(),

  /** `/typed/<content type>`: a document that says it is that. */
  typed: (response, [type]) => response.writeHead(200, type ? { 'content-type': type } : {}).end('%PDF-1.7'),
  /** `/redirect/<status>/<location>` */
  redirect: (response, [status, location]) => response.writeHead(Number(status), location ? { location } : {}).end(),
  loop: (response, _, __, request) => response.writeHead(302, { location: request.url }).end(),
  /** `/hops/3`: that many redirects, then the document. */
  hops: (response, [left]) => (Number(left) > 0 ? response.writeHead(307, { location: `/hops/${Number(left) - 1}` }).end() : pdf(response)),

  /** `/hops-503/<key>/3`: the same, each failing once a key. */
  'hops-503': (response, [key, left], { times }) => {
    if (times(`hops ${key} ${left}`) === 1) return response.writeHead(503).end('later');
    return Number(left) > 0 ? response.writeHead(307, { location: `/hops-503/${key}/${Number(left) - 1}` }).end() : pdf(response);
  },

  /** A thousand times larger than it looks. */
  'gzip-bomb': (response) => response.writeHead(200, { 'content-type': 'application/pdf', 'content-encoding': 'gzip' }).end(bomb()),
  'large-headers': (response) => {
    response.writeHead(200, { 'content-type': 'application/pdf', 'x-large': 'x'.repeat(40_000) }).end('%PDF-1.7');
  },
  /** A page that tries what pages try, with headers that would speak for us. */
  script: (response) =>
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'set-cookie': ['session=theirs; Path=/', 'carespine-session=theirs; Path=/; HttpOnly'],
        'content-security-policy': "default-src * 'unsafe-inline'",
        'access-control-allow-origin': '*',
        'clear-site-data': '"*"',
        'service-worker-allowed': '/',
        refresh: '0; url=https://example.org/',
        link: '<https://example.org/x.js>; rel=preload; as=script',
        server: 'Provider/1.0',
      })
      .end(
        page(
          'Care plan',
          '<script>document.title = "script ran"; fetch("/auth/session")</script><img src="https://example.org/pixel" onerror="document.title=\'handler ran\'">' +
            '<form action="https://example.org/"><button>Send</button></form><iframe src="https://example.org/"></iframe><meta http-equiv="refresh" content="0;url=https://example.org/">',
        ),
      ),
  /** `/raw/<bytes, percent-encoded>`: an answer that no HTTP library would write. */
  raw: (response, [bytes]) => response.socket?.end(bytes),

  /** Gives its document to callers whose certificate it knows. */
  mutual: (response, _, __, request) =>
    /** @type {import('node:tls').TLSSocket} */ (request.socket).authorized ? pdf(response) : response.writeHead(403).end('a certificate is needed'),
};

const pdf = (response) => response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF-1.7\nan example\n%%EOF\n');

function closing({ socket }, bytes, end) {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
  socket.write(Buffer.alloc(Number(bytes), 'x'), () => end(socket));
}

const block = Buffer.alloc(65_536, 'x');

/** As fast as it is read, and no faster. */
async function pour(response, bytes) {
  for (let left = bytes; left > 0 && !response.destroyed; left -= block.length) {
    if (!response.write(left < block.length ? block.subarray(0, left) : block)) await drained(response);
  }
  response.end();
}

const drained = (response) =>
  new Promise((resolve) => {
    const on = () => {
      response.off('drain', on).off('close', on);
      resolve(undefined);
    };
    response.on('drain', on).on('close', on);
  });

let packed;
const bomb = () => (packed ??= gzipSync(Buffer.alloc(64 * 1024 * 1024)));
