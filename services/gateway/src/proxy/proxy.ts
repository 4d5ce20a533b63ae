import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AccessLog, CONTEXT_HEADER, type AccessFacts } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { Fault, isNhsNumber } from '@carespine/fhir';
import { FHIR_JSON, idsOf } from '@carespine/service-kit';
import { RateLimits } from '../applications/rate-limit';
import { Callers } from '../callers/callers';
import { GatewayConfig } from '../config';
import type { AccessGrant } from '../oauth2/access-tokens';
import { SESSION_COOKIE } from '../sessions/session-cookie';
import { TooLarge, Upstream } from './forward';
import { Routes, type Route } from './routes';

/** Passes every request that is not the gateway's own to the service that answers it, with the caller's context. */
@Injectable()
export class Proxy implements OnApplicationShutdown {
  private readonly routes: Routes;
  private readonly upstreams = new Map<string, Upstream>();
  private readonly largestBody: number;

  constructor(
    private readonly callers: Callers,
    private readonly accessLog: AccessLog,
    private readonly limits: RateLimits,
    config: GatewayConfig,
  ) {
    this.routes = new Routes(config.ROUTES);
    this.largestBody = config.BODY_LIMIT;
  }

  /** A scope of its own: here no body is parsed. */
  register(fastify: FastifyInstance): void {
    void fastify.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      scope.all('/*', {
        config: { access: { public: 'the service behind declares the permission; here the caller is only identified' } },
        handler: (request, reply) => this.pass(request, reply),
      });
      done();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.upstreams.values()].map((upstream) => upstream.close()));
  }

  private async pass(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const api = this.routes.api(request.raw.url as string);
    const added = ['traceparent', request.traceparent, 'x-forwarded-for', request.socket.remoteAddress ?? ''];
    if (api?.isOpen) {
      await this.limitReaders(request, api);
    } else if (api && !isPing(request.raw.url as string)) {
      added.push(CONTEXT_HEADER, await this.identify(request, api));
    } else if (!api) {
      const context = await this.callers.ofPage(request.cookies[SESSION_COOKIE]);
      if (context) added.push(CONTEXT_HEADER, context);
    }
    try {
      const route = api ?? this.routes.pages;
      reply.hijack();
      await this.upstreamOf(route).forward(request.raw, reply.raw, added);
    } catch (error) {
      const fault = error instanceof TooLarge ? new Fault('PAYLOAD_TOO_LARGE') : unavailable();
      const refused = api ? await this.refused(request, api, fault, undefined).catch((refusal: Fault) => refusal) : fault;
      sendFault(reply, api !== undefined, refused instanceof Fault ? refused : unavailable());
    }
    return reply;
  }

  private async limitReaders(request: FastifyRequest, api: Route): Promise<void> {
    try {
      this.limits.take(OPEN_READERS);
    } catch (refusal) {
      await this.refused(request, api, refusal, undefined);
    }
  }

  private async identify(request: FastifyRequest, api: Route): Promise<string> {
    let grant: AccessGrant | undefined;
    try {
      if (isRepeated(request.raw.rawHeaders, 'authorization')) throw new Fault('INVALID_VALUE', { diagnostics: 'More than one Authorization header' });
      grant = await this.callers.grantOf(request.headers.authorization);
      return await this.callers.ofApi(grant, request.headers, api);
    } catch (refusal) {
      return this.refused(request, api, refusal, grant);
    }
  }

  /** A refusal at the door is an access too: no record, no answer. */
  private async refused(request: FastifyRequest, api: Route, refusal: unknown, grant: AccessGrant | undefined): Promise<never> {
    const status = refusal instanceof Fault ? refusal.status : 503;
    const nhsNumber = /\/Patient\/(\d{10})(?:[/?]|$)/.exec(request.raw.url as string)?.[1];
    await this.accessLog.record(
      {
        interaction: Interaction.OPERATION,
        name: `Refused at the gateway: ${request.method} ${api.prefix}`,
        outcome: status < 500 ? Outcome.MINOR_FAILURE : Outcome.SERIOUS_FAILURE,
        outcomeDescription: refusal instanceof Fault ? `HTTP ${status} ${refusal.details.diagnostics ?? ''}`.slice(0, 200) : `HTTP ${status}`,
        ...(grant && { agent: agentOf(grant) }),
        requestId: request.requestId,
        traceparent: request.traceparent,
        clientAddress: request.socket.remoteAddress,
      },
      nhsNumber && isNhsNumber(nhsNumber) ? [{ nhsNumber }] : [],
    );
    throw refusal;
  }

  private upstreamOf({ origin }: Route): Upstream {
    let upstream = this.upstreams.get(origin);
    if (!upstream) this.upstreams.set(origin, (upstream = new Upstream(origin, this.largestBody)));
    return upstream;
  }
}

/** As much of a refused caller as her token tells. */
const agentOf = ({ application, mode, staff, aal, tokenId, sessionId }: AccessGrant): NonNullable<AccessFacts['agent']> => ({
  clientId: application.clientId,
  clientName: application.name,
  productId: application.productId,
  odsCode: application.odsCode,
  accessMode: mode,
  userId: staff?.userId,
  userName: staff?.name,
  authenticationAssuranceLevel: aal,
  tokenId,
  sessionId,
});

/** Node keeps the first of several; another reader on the way may have kept the last. */
function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let times = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] as string;
    if (header.length === name.length && header.toLowerCase() === name) times++;
  }
  return times > 1;
}

/** Liveness of an API, which the national APIs answer to anybody. */
const isPing = (url: string): boolean => /^[^?]*\/_ping$/.test(url);

/** All who read what is open, together, as if they were one application. */
export const OPEN_READERS = { clientId: 'readers of what is open', name: 'readers of what is open', rateLimit: { perSecond: 200 } };

const unavailable = (): Fault => new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '5' } });

/** The reply is out of Fastify's hands by now. */
function sendFault({ raw, request }: FastifyReply, isApi: boolean, fault: Fault): void {
  if (raw.headersSent || raw.destroyed) return;
  raw.writeHead(fault.status, {
    ...fault.details.headers,
    connection: 'close', // what is left of the request is not read
    'cache-control': 'no-store',
    ...idsOf(request),
    'content-type': isApi ? FHIR_JSON : 'text/html; charset=utf-8',
  });
  raw.end(isApi ? JSON.stringify(fault.toOperationOutcome()) : UNAVAILABLE_PAGE);
}

const UNAVAILABLE_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sorry, the service is unavailable – Carespine</title></head><body><main><h1>Sorry, the service is unavailable</h1>
<p>Nothing that was saved is lost. Try again in a few moments.</p></main></body></html>`;
