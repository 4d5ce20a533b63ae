import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '@carespine/fhir';
import { GatewayConfig } from '../config';
import { SESSION_COOKIE } from './session-cookie';

/** Cookies, forms, and no requests that another site makes with our users' cookies. For a service's `configure`. */
export async function welcomeBrowsers(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  await fastify.register(cookie);
  await fastify.register(formbody);
  const { origin } = new URL(app.get(GatewayConfig).PUBLIC_URL);
  fastify.addHook('onRequest', async (request) => {
    if (isForged(request, origin)) throw new Fault('ACCESS_DENIED', { diagnostics: 'The request comes from another site' });
  });
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * An unsafe request that carries a session cookie and does not come from our own pages. A bearer token proves the
 * caller's intent by itself: no browser adds one.
 *
 * @see Fetch Metadata Request Headers, section 2.3; browsers without them send Origin
 */
export function isForged({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>, ownOrigin: string): boolean {
  if (SAFE_METHODS.has(method) || headers.authorization !== undefined || !headers.cookie?.includes(`${SESSION_COOKIE}=`)) return false;
  const site = headers['sec-fetch-site'];
  return site === undefined ? headers.origin !== ownOrigin : site !== 'same-origin' && site !== 'none';
}
