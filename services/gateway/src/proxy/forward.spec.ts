import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { TooLarge, Unreachable, Upstream } from './forward';

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));

describe('passing requests on', () => {
  let received: IncomingMessage[];
  let service: Server;
  let door: Server;
  let upstream: Upstream;
  let url: string;

  beforeEach(async () => {
    received = [];
    service = createServer((request, response) => {
      received.push(request);
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => response.setHeader('etag', 'W/"1"').end(`got ${body.length}`));
    });
    upstream = new Upstream(await listen(service), 1000, 200);
    door = createServer((request, response) => {
      upstream.forward(request, response, ['carespine-context', 'ours']).catch((error: Error) => {
        response.writeHead(error instanceof TooLarge ? 413 : error instanceof Unreachable ? 503 : 500, { connection: 'close' }).end();
      });
    });
    url = await listen(door);
  });
  afterEach(async () => {
    await upstream.close();
    service.closeAllConnections();
    service.close();
    door.closeAllConnections();
    door.close();
  });

  it('passes the answer back as it is', async () => {
    const answer = await fetch(`${url}/a?b=c`);
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([200, 'W/"1"', 'got 0']);
    expect(received[0]?.url).toBe('/a?b=c');
  });

  it('drops credentials, and a context or an address that the caller made up', async () => {
    const smuggled = { authorization: 'Bearer x', cookie: 'a=b', 'carespine-context': 'theirs', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-host': 'evil', forwarded: 'for=1' };
    await fetch(url, { headers: { ...smuggled, 'x-request-id': 'kept' } });
    const { headers, rawHeaders } = received[0] as IncomingMessage;
    expect(headers).toMatchObject({ 'carespine-context': 'ours', 'x-request-id': 'kept' });
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'carespine-context')).toHaveLength(1);
    for (const name of ['authorization', 'cookie', 'x-forwarded-for', 'x-forwarded-host', 'forwarded']) expect(headers[name]).toBeUndefined();
  });

  it('streams a body, and refuses one beyond the limit, declared or not', async () => {
    const stream = (bytes: number): ReadableStream => new Blob(['x'.repeat(bytes)]).stream();
    const send = (body: string | ReadableStream): Promise<Response> => fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(await (await send('x'.repeat(900))).text()).toBe('got 900');
    expect(await (await send(stream(900))).text()).toBe('got 900');
    expect((await send('x'.repeat(1001))).status).toBe(413);
    expect((await send(stream(1001))).status).toBe(413);
  });

  describe('of a service whose connection ends behind its answer', () => {
    let ending: Server;
    let bytes: number;
    let end: (socket: Socket) => void;
    beforeEach(async () => {
      ending = createServer(({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
        socket.write(Buffer.alloc(bytes, 'x'), () => end(socket));
      });
      await upstream.close();
      upstream = new Upstream(await listen(ending), 1000, 200);
    });
    afterEach(() => void ending.close());
    const readSlowly = async (): Promise<number> => {
      let seen = 0;
      for await (const chunk of (await fetch(url)).body as AsyncIterable<Uint8Array>) {
        seen += chunk.length;
        await delay(2);
      }
      return seen;
    };

    it('a slow reader has all of it', async () => {
      [bytes, end] = [1_048_576, (socket) => socket.end()];
      expect(await readSlowly()).toBe(bytes);
    });

    it('a slow reader is told when it was reset, or has all of it', async () => {
      [bytes, end] = [1_048_576, (socket) => setImmediate(() => socket.resetAndDestroy())];
      await readSlowly().then(
        (seen) => expect(seen).toBe(bytes),
        () => undefined,
      );
      [bytes, end] = [1000, (socket) => socket.end()];
      expect(await readSlowly()).toBe(1000);
    });

    it('a reader that stands still does not fill the memory', async () => {
      const gone = new Promise((resolve) => (end = resolve));
      bytes = 100_000_000;
      ending.on('connection', (socket) => socket.once('close', () => end(socket)));
      const answer = await fetch(url);
      await gone; // given up, with most of it unsent
      await expect(answer.arrayBuffer()).rejects.toThrow();
    });
  });

  it('asks nothing again of a service that does not begin to answer', async () => {
    service.removeAllListeners('request').on('request', (request) => void received.push(request));
    expect([(await fetch(url)).status, received.length]).toEqual([503, 1]);
  });

  it('says when the service is not there', async () => {
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
    expect((await fetch(url)).status).toBe(503);
  });
});
