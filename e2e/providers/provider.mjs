import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { documentOf, page } from './documents.mjs';
import { misbehaviours } from './misbehaviour.mjs';

/**
 * @typedef {object} Provider a provider's HTTPS server
 * @property {number} port
 * @property {string} origin
 * @property {{ method: string, path: string, headers: import('node:http').IncomingHttpHeaders, form?: Record<string, string>, over?: boolean }[]} requests what it was asked, oldest first
 * @property {() => Promise<void>} close
 */

const mostRemembered = 1000;

/**
 * Serves documents over HTTPS, and misbehaves on request. Plain HTTP on the same port says that it is ready, and nothing else.
 *
 * @param {{ certificates: import('./certificates.mjs').Certificates, port?: number, host?: string }} options
 * @returns {Promise<Provider>}
 */
export async function startProvider({ certificates: { ca, server: tls }, port = 0, host = '127.0.0.1' }) {
  const requests = [];
  const counts = new Map();
  const times = (key) => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.get(key);
  };
  const secure = createHttpsServer({ ...tls, ca, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const remembered = { method: request.method, path: request.url, headers: request.headers, over: false };
    requests.push(remembered);
    response.once('close', () => (remembered.over = true));
    if (requests.length > mostRemembered) requests.shift();
    serve(request, response, { times }, remembered).catch(() => response.destroy());
  });
  const plain = createHttpServer((request, response) => response.writeHead(request.url === '/health/ready' ? 200 : 421).end());

  const sockets = new Set();
  const door = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      (first[0] === 0x16 ? secure : plain).emit('connection', socket); // 0x16: a TLS handshake
      process.nextTick(() => socket.resume());
    });
  });
  await new Promise((resolve, reject) => door.once('error', reject).listen({ port, host }, () => resolve(undefined)));
  const { port: listening } = /** @type {import('node:net').AddressInfo} */ (door.address());
  return {
    port: listening,
    origin: `https://${host}:${listening}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        door.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function serve(request, response, memory, remembered) {
  const [kind = '', ...args] = request.url.slice(1).split('/').map(decodeURIComponent);
  if (kind === 'documents' && request.method === 'GET') {
    const document = await documentOf(args.at(-1) ?? '');
    if (document) return response.writeHead(200, { 'content-type': document.contentType, 'content-length': document.bytes.length }).end(document.bytes);
  }
  if (kind === 'contact') {
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page('Who to contact', '<p>Telephone 01632 960 001, at any hour.</p>'));
  }
  if (kind === 'viewer' && request.method === 'POST') {
    remembered.form = Object.fromEntries(new URLSearchParams(await bodyOf(request)));
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page('Provider viewer', '<p>The record opens here.</p>'));
  }
  const misbehave = misbehaviours[kind];
  if (misbehave) return misbehave(response, args, memory, request);
  return response.writeHead(404, { 'content-type': 'text/plain' }).end('no such document');
}

async function bodyOf(request) {
  let body = '';
  for await (const chunk of request) if ((body += chunk).length > 65_536) throw new Error('too large');
  return body;
}
