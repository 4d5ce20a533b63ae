import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SpanKind, SpanStatusCode, trace, context as otelContext, TraceFlags, type Span } from '@opentelemetry/api';
import {
  AccessTrail,
  anyPermissionOf,
  CONTEXT_HEADER,
  type AccessFacts,
  type AccessLog,
  type AccessRule,
  type ContextVerifier,
  type Principal,
  type RequestAccess,
  type RouteConfiguration,
} from '@carespine/access-control';
import { PERMISSIONS } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { Fault, isNhsNumber } from '@carespine/fhir';
import { faultOf, FHIR_JSON } from './answer';
import type { Log } from './log';
import { meter, tracer, tracesAreExported } from './telemetry';

declare module 'fastify' {
  interface FastifyRequest {
    access: RequestAccess;
    /** Given by the caller, or made here. */
    requestId: string;
    /** A JSON body as it came, for those who must keep it to the letter. */
    bodyText?: string;
    traceparent: string;
    span?: Span;
  }
  interface FastifyContextConfig {
    access?: RouteConfiguration['access'];
  }
}

/** A body that claims to be JSON and is not; the handler refuses it, after the headers that come first. */
export class MalformedBody {}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** As RFC 9110, 8.3.1 has it; parameters are not looked at. */
const MEDIA_TYPE = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;
const PRINTABLE = /^[\x20-\x7e]{1,256}$/;

const duration = meter.createHistogram('http_server_request_duration_seconds', {
  description: 'Time from a request to the end of its answer',
  unit: 's',
  advice: { explicitBucketBoundaries: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] },
});

/**
 * The way of every request: ids, caller, permission, handler, access record, answer.
 * All of it hangs on Fastify's hooks, so that no answer, of whatever kind, gets past it.
 */
export function guardRequests(
  fastify: FastifyInstance,
  { log, contexts, accessLog, faultAs }: { log: Log; contexts?: ContextVerifier; accessLog?: AccessLog; faultAs?: FaultAs },
): void {
  fastify.decorateRequest('access');
  fastify.decorateRequest('requestId', '');
  fastify.decorateRequest('bodyText');
  fastify.decorateRequest('traceparent', '');
  fastify.decorateRequest('span');

  fastify.addHook('onRoute', (route) => {
    const access = (route.config as RouteConfiguration | undefined)?.access;
    const known = access && ('public' in access || isKnown(access.rule));
    if (!known) throw new Error(`${String(route.method)} ${route.url} declares no known permission: use @Access or @Public`);
  });

  fastify.addHook('onRequest', async (request) => {
    const { headers } = request;
    request.requestId = requestIdOf(headers) ?? randomUUID();
    const { traceparent } = headers;
    request.traceparent = typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : newTraceparent();
    request.access = {};
    // Fastify would refuse it before anything of ours is asked; so the API does, as it refuses every type that is not its own
    if (headers['content-type'] !== undefined && !MEDIA_TYPE.test(headers['content-type'])) headers['content-type'] = 'application/octet-stream';
    if (tracesAreExported) request.span = startSpan(request);

    const access = request.routeOptions.config.access;
    if (!access) return;
    request.access.trail = new AccessTrail();
    const token = headers[CONTEXT_HEADER];
    if (typeof token === 'string' && contexts) request.access.who = contexts.known(token) ?? (await contexts.verify(token));
    if ('public' in access) return;
    permit(request.access.who, access.rule);
    if (access.rule.record) requireRequestId(headers['x-request-id']);
  });

  fastify.addHook('onSend', async (request, reply, payload) => {
    reply.headers(idsOf(request));
    // the national APIs name no charset, and FHIR JSON has but one
    // and Fastify would write `version=1` in quotes
    const type = reply.getHeader('content-type');
    if (typeof type === 'string' && type.startsWith(FHIR_JSON)) reply.header('content-type', type.replace('; charset=utf-8', '').replace('; version="1"', ';version=1'));
    const access = request.routeOptions.config.access;
    if (!access || 'public' in access || !access.rule.record || !accessLog) return payload;
    try {
      await recordAccess(request, reply, access.rule.record, accessLog);
      return payload;
    } catch (error) {
      // no record, no answer
      faultOf(error, log, { requestId: request.requestId });
      return answer(reply, new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '5' } }), faultAs);
    }
  });

  fastify.addHook('onResponse', async (request, reply) => {
    const seconds = reply.elapsedTime / 1000;
    const route = request.routeOptions.url ?? 'none';
    duration.record(seconds, { method: request.method, route, status: reply.statusCode });
    if (request.span) {
      request.span.setAttribute('http.response.status_code', reply.statusCode);
      if (reply.statusCode >= 500) request.span.setStatus({ code: SpanStatusCode.ERROR });
      request.span.end();
    }
    const level = reply.statusCode >= 500 ? 'warn' : 'debug';
    if (log.isLevelEnabled(level)) {
      log[level]({ requestId: request.requestId, traceId: request.traceparent.slice(3, 35), method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request.answered');
    }
  });
}

/** An address that no route can read, such as `%zz`: Fastify would repeat it in the answer, and runs no hooks for it. */
export async function refuseAddress(
  request: IncomingMessage,
  reply: Pick<FastifyReply, 'hijack' | 'raw'>,
  accessLog: AccessLog | undefined,
  faultAs: FaultAs = asItIs,
): Promise<void> {
  reply.hijack();
  const requestId = requestIdOf(request.headers) ?? randomUUID();
  const facts = {
    interaction: Interaction.OPERATION,
    name: 'Malformed address',
    outcome: Outcome.MINOR_FAILURE,
    outcomeDescription: 'HTTP 400',
    requestId,
    correlationId: correlationIdOf(request.headers),
    clientAddress: request.socket.remoteAddress,
  };
  const refusal = await Promise.resolve(accessLog?.record(facts, [])).then(
    () => new Fault('UNSUPPORTED_REQUEST', { diagnostics: 'The address is malformed' }),
    () => new Fault('SERVICE_UNAVAILABLE', { headers: { 'retry-after': '5' } }), // no record, no answer
  );
  const fault = faultAs(refusal);
  reply.raw.writeHead(fault.status, { ...fault.details.headers, 'content-type': FHIR_JSON, 'cache-control': 'no-store', ...idsOf({ requestId, headers: request.headers }) });
  reply.raw.end(JSON.stringify(fault.toOperationOutcome()));
}

/** The one place where a refusal becomes an OperationOutcome. */
export function answerFault(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log, faultAs?: FaultAs): FastifyReply {
  const fault = faultOf(error, log, { requestId: request.requestId, traceId: request.traceparent.slice(3, 35) });
  return reply.send(answer(reply, fault, faultAs));
}

type FaultAs = (fault: Fault) => Fault;
const asItIs: FaultAs = (fault) => fault;

function answer(reply: FastifyReply, refusal: Fault, faultAs: FaultAs = asItIs): string {
  const fault = faultAs(refusal);
  reply.code(fault.status).headers({ 'content-type': FHIR_JSON, 'cache-control': 'no-store', ...fault.details.headers });
  reply.removeHeader('content-length');
  return JSON.stringify(fault.toOperationOutcome());
}


function permit(who: Principal | undefined, rule: AccessRule): void {
  if (!who) {
    throw new Fault('ACCESS_DENIED', {
      status: 401,
      issueCode: 'login',
      display: 'Access Denied - Unauthorised',
      diagnostics: 'Missing Authorization header',
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  const anyOf = anyPermissionOf(rule);
  if (rule.permission === 'signed-in' ? who.userId : anyOf.some((one) => who.permissions.has(one))) return;
  const special = rule.refuse?.(who);
  if (special) throw special;
  const afterStepUp = anyOf.find((one) => who.stepUp.has(one));
  if (afterStepUp) {
    throw new Fault('ACCESS_DENIED', {
      diagnostics: `${afterStepUp} needs authentication assurance level 3`,
      headers: { 'www-authenticate': 'Bearer error="insufficient_user_authentication", acr_values="AAL3_ANY"' },
    });
  }
  throw new Fault('ACCESS_DENIED', { diagnostics: `${anyOf.join(' or ')} is not among the permissions of the caller` });
}

function isKnown(rule: AccessRule): boolean {
  const permissions = anyPermissionOf(rule);
  return rule.permission === 'signed-in' || (permissions.length > 0 && permissions.every((one) => PERMISSIONS.some((row) => row.permission === one)));
}

type Headers = Pick<FastifyRequest, 'headers'>['headers'];

const requestIdOf = ({ 'x-request-id': given }: Headers): string | undefined => (typeof given === 'string' && UUID.test(given) ? given : undefined);

/** Free text of the caller's, and optional: what is none, or could not be said again in a header, is left aside. */
const correlationIdOf = ({ 'x-correlation-id': given }: Headers): string | undefined =>
  typeof given === 'string' && PRINTABLE.test(given) ? given : undefined;

/** The headers by which every answer, refusals too, says which request it is to. */
export function idsOf({ requestId, headers }: Pick<FastifyRequest, 'requestId' | 'headers'>): Record<string, string> {
  const correlationId = correlationIdOf(headers);
  return { 'x-request-id': requestId, ...(correlationId !== undefined && { 'x-correlation-id': correlationId }) };
}

/** @see demographics specification, "Headers"; identity and access specification, "Request headers" */
function requireRequestId(requestId: unknown): void {
  if (requestId === undefined || requestId === '') {
    throw new Fault('MISSING_VALUE', { diagnostics: 'Invalid request with error - X-Request-ID header must be supplied to access this resource' });
  }
  if (typeof requestId !== 'string' || !UUID.test(requestId)) {
    throw new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${printable(requestId)}' in header 'X-Request-ID'` });
  }
}

const printable = (value: unknown): string => String(value).replace(/[^\x20-\x7e]/g, '?').slice(0, 100);

async function recordAccess(request: FastifyRequest, reply: FastifyReply, record: Recorded, accessLog: AccessLog): Promise<void> {
  const { trail } = request.access;
  const named = record.patient ? (request.params as Record<string, string>)[record.patient] : undefined;
  const opened = trail?.opened.length ? trail.opened : named && isNhsNumber(named) ? [{ nhsNumber: named }] : [];
  await accessLog.record(
    {
      ...accessFactsOf(request, record),
      outcome: reply.statusCode < 400 ? Outcome.SUCCESS : reply.statusCode < 500 ? Outcome.MINOR_FAILURE : Outcome.SERIOUS_FAILURE,
      outcomeDescription: [...(reply.statusCode < 400 ? [] : [`HTTP ${reply.statusCode}`]), ...(trail?.reason ? [trail.reason] : [])].join(' '),
    },
    opened,
  );
}

type Recorded = NonNullable<AccessRule['record']>;

/** What an access record says of a request, but for what came of it. */
export function accessFactsOf(request: FastifyRequest, record: Recorded): Omit<AccessFacts, 'outcome' | 'outcomeDescription'> {
  const { who, trail } = request.access;
  const submitted = request.headers['nhsd-end-user-organisation-ods'];
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  return {
    interaction: record.interaction,
    name: record.name,
    resource: record.resource,
    resourceId: trail?.resourceId,
    agent: who,
    query: trail?.query?.slice(0, 2048) ?? (mark === -1 ? undefined : url.slice(mark + 1, mark + 2049)),
    request: record.interaction === Interaction.SEARCH_TYPE ? `${request.method} ${mark === -1 ? url : url.slice(0, mark)}` : undefined,
    purpose: trail?.purpose,
    requestId: request.requestId,
    correlationId: correlationIdOf(request.headers),
    traceparent: request.traceparent,
    submittedOrganisation: typeof submitted === 'string' && submitted !== who?.organisation.odsCode ? submitted.slice(0, 20) : undefined,
    clientAddress: clientAddressOf(request),
  };
}

/** The gateway names the caller's address; nobody else reaches a service. */
function clientAddressOf(request: FastifyRequest): string {
  const forwarded = request.headers['x-forwarded-for'];
  return typeof forwarded === 'string' ? forwarded.slice(0, 64) : (request.socket.remoteAddress ?? '');
}

const hex = (length: number): string => {
  let text = '';
  while (text.length < length) text += Math.floor(Math.random() * 0x100000000).toString(16).padStart(8, '0');
  return text;
};
const newTraceparent = (): string => `00-${hex(32)}-${hex(16)}-00`;

function startSpan(request: FastifyRequest): Span | undefined {
  const [, traceId, spanId, flags] = request.traceparent.split('-');
  const sampled = Number.parseInt(flags ?? '0', 16) & TraceFlags.SAMPLED;
  const parent = request.headers['traceparent'] ? { traceId: traceId ?? '', spanId: spanId ?? '', traceFlags: sampled, isRemote: true } : undefined;
  const from = parent ? trace.setSpanContext(otelContext.active(), parent) : otelContext.active();
  const span = tracer.startSpan(`${request.method} ${request.routeOptions.url ?? ''}`, { kind: SpanKind.SERVER }, from);
  const { traceId: id, spanId: own, traceFlags } = span.spanContext();
  request.traceparent = `00-${id}-${own}-0${traceFlags}`;
  return span;
}
