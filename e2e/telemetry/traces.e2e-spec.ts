import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@carespine/test-kit';

interface Span {
  traceId: string;
  parentSpanId?: string;
  name: string;
}
interface Export {
  resourceSpans: { resource: { attributes: { key: string; value: { stringValue?: string } }[] }; scopeSpans: { spans: Span[] }[] }[];
}

const root = join(__dirname, '../..');

describe('traces', () => {
  const received: { url: string | undefined; body: Export }[] = [];
  let collector: Server;
  let service: ChildProcess;
  let address: string;

  beforeAll(async () => {
    collector = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        received.push({ url: request.url, body: JSON.parse(text) as Export });
        response.end('{}');
      });
    });
    await new Promise<void>((listening) => collector.listen(0, '127.0.0.1', listening));
    const { freePort } = await import('../../deploy/local/ports.mjs');
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    service = spawn(process.execPath, [join(root, 'services/portal/dist/src/main.js')], {
      stdio: 'ignore',
      env: {
        ...process.env,
        PORT: String(port),
        PUBLIC_URL: address,
        SERVICES: JSON.stringify({ demographics: address, audit: address, 'record-locator': address }),
        PORTAL_REFERENCE_KEY: 'a'.repeat(43),
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
        OTEL_TRACES_SAMPLER_ARG: '1',
        OTEL_BSP_SCHEDULE_DELAY: '20',
      },
    });
    await eventually(async () => expect((await fetch(`${address}/health/live`)).status).toBe(200), 20_000);
  });
  afterAll(() => {
    service.kill();
    collector.close();
  });

  it('reach the collector that OTEL_EXPORTER_OTLP_ENDPOINT names, as part of the caller’s trace', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await fetch(`${address}/health/live`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    await eventually(() => {
      const spans = received.flatMap(({ body }) => body.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans)));
      expect(spans).toContainEqual(expect.objectContaining({ traceId, parentSpanId: 'b7ad6b7169203331', name: 'GET /health/live' }));
      return Promise.resolve();
    });
    expect(received[0]?.url).toBe('/v1/traces');
    expect(received[0]?.body.resourceSpans[0]?.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'carespine-portal' } });
  });
});
