import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { RouteAccess, RouteConfiguration } from '@carespine/access-control';
import { audit } from '@carespine/audit-service/src/service';
import { cis2Simulator } from '@carespine/cis2-simulator-service/src/service';
import { demographics } from '@carespine/demographics-service/src/service';
import { gateway } from '@carespine/gateway-service/src/service';
import { portal } from '@carespine/portal-service/src/service';
import { recordLocator } from '@carespine/record-locator-service/src/service';
import type { ServiceDefinition } from '@carespine/service-kit';
import { CONTEXT_PRIVATE_JWK, startService, type RunningService } from '@carespine/test-kit';
import { ROOT } from '../platform';

export interface Route {
  method: string;
  /** As it is declared: `/patients/:reference`. */
  url: string;
  access: RouteAccess;
}

export interface Walk {
  service: RunningService;
  routes: Route[];
}

const rsaKey = (): string => JSON.stringify({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256' });
/** Nothing answers there: what a page would fetch from it is not what these tests are about. */
const NOBODY = 'http://127.0.0.1:9';

/** The one thing that the portal needs an answer to here: that a page was refused is recorded. */
async function refusalsRecorder(): Promise<string> {
  const server = createServer(({ url = '', socket }, response) => {
    if (url.startsWith('/audit/v1/page-refusals')) response.writeHead(403).end('{}');
    else socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Every service of the platform, with the settings that it cannot do without. */
const SERVICES: [ServiceDefinition, Record<string, string>][] = [
  [demographics, {}],
  [audit, {}],
  [recordLocator, { POINTER_PERMISSIONS: join(ROOT, 'deploy/demo/pointer-permissions.json') }],
  [portal, { PORTAL_REFERENCE_KEY: 'A'.repeat(43) }],
  [
    gateway,
    {
      ROUTES: JSON.stringify({ '/personal-demographics/': NOBODY, '/audit/': NOBODY, '/record-locator/': NOBODY, '/': NOBODY }),
      CONTEXT_PRIVATE_JWK: JSON.stringify(CONTEXT_PRIVATE_JWK),
      CIS2_ISSUER: NOBODY,
      CIS2_CLIENT_ID: '000000000001.apps.national',
      CIS2_CLIENT_PRIVATE_JWK: rsaKey(),
      APPLICATIONS: join(ROOT, 'deploy/demo/applications.json'),
      ORGANISATIONS: 'RZZ01',
    },
  ],
  [cis2Simulator, { ISSUER: NOBODY, PEOPLE: join(ROOT, 'deploy/demo/people.json'), CLIENTS: '[]', SIGNING_JWK: rsaKey() }],
];
export const SERVICE_NAMES = SERVICES.map(([{ name }]) => name);

/** Starts a service and notes every route that it registers. */
export async function walk(name: string): Promise<Walk> {
  const found = SERVICES.find(([definition]) => definition.name === name);
  if (!found) throw new Error(`There is no service ${name}`);
  const [definition, env] = found;
  if (name === 'portal') env['SERVICES'] = JSON.stringify({ demographics: NOBODY, audit: await refusalsRecorder(), 'record-locator': NOBODY });
  // the one that is there before a service adds its own
  const routes: Route[] = [{ method: 'GET', url: '/metrics', access: { public: 'read by Prometheus' } }];
  const service = await startService(
    {
      ...definition,
      async configure(app) {
        (app.getHttpAdapter().getInstance() as unknown as FastifyInstance).addHook('onRoute', ({ method, url, config }) => {
          const { access } = config as RouteConfiguration;
          if (!access) throw new Error(`${String(method)} ${url} declares no access`);
          for (const one of [method].flat()) routes.push({ method: one, url, access });
        });
        await definition.configure?.(app);
      },
    },
    { LOG_LEVEL: 'silent', ...env },
  );
  return { service, routes };
}
