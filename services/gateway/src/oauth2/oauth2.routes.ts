import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AccessLog, type AccessFacts, type RouteAccess } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { isPassing, LOG, type Log } from '@carespine/service-kit';
import { invalidRequest, OAuthFault } from './oauth-fault';
import { refuse, refuseMethod } from './refuse';
import { LARGEST_FORM, readForm } from './token-form';
import { TokenEndpoint } from './token-endpoint';
import type { TokenRequest } from './token-request';

const PROVES_ITSELF: RouteAccess = { public: 'the application proves itself in the request' };
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * `POST /oauth2/token`, and the methods that no endpoint here knows. A Fastify scope of its own, so that what Fastify itself
 * refuses (size, content type) is worded and recorded like everything else.
 */
@Injectable()
export class OAuth2Routes implements OnModuleInit {
  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly endpoint: TokenEndpoint,
    private readonly accessLog: AccessLog,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    void fastify.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
      scope.setErrorHandler((error, request, reply) => this.refused(error, nothingKnown(), request, reply));
      const options = { bodyLimit: LARGEST_FORM, config: { access: PROVES_ITSELF } };
      scope.post('/oauth2/token', options, (request, reply) => this.token(request, reply));
      refuseOtherMethods(scope, '/oauth2/token', 'POST');
      for (const path of ['/oauth2/userinfo', '/oauth2/authorize']) refuseOtherMethods(scope, path, 'GET');
      done();
    });
  }

  private async token(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const known = nothingKnown();
    try {
      const form = readForm(request.headers['content-type'], request.body);
      const answer = await this.endpoint.answer(form, known);
      await this.record(request, known, Outcome.SUCCESS);
      return await reply.header('cache-control', 'no-store').header('pragma', 'no-cache').send(answer);
    } catch (error) {
      return this.refused(error, known, request, reply);
    }
  }

  /** A refusal is recorded too: no record, no other answer than 503. */
  private async refused(error: unknown, known: TokenRequest, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const fault = this.faultOf(error, request);
    const outcome = fault.isSerious ? Outcome.SERIOUS_FAILURE : Outcome.MINOR_FAILURE;
    const unrecorded = await this.record(request, known, outcome, fault.message).then(
      () => undefined,
      (failure: OAuthFault) => failure,
    );
    return refuse(request, reply, unrecorded ?? fault);
  }

  private faultOf(error: unknown, { requestId }: FastifyRequest): OAuthFault {
    if (error instanceof OAuthFault) return error;
    if (isPassing(error)) return unavailable();
    const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status === 413) return invalidRequest(`The form is larger than ${LARGEST_FORM} bytes`, 413);
    if (status === 415) return invalidRequest('Invalid Content-Type header - must be application/x-www-form-urlencoded', 415);
    if (status >= 400 && status < 500) return invalidRequest('The request is malformed', status);
    this.log.error({ requestId, stack: error instanceof Error ? error.stack : undefined }, 'token.failed');
    return new OAuthFault(500, 'server_error', 'The request could not be processed', true);
  }

  /** @throws OAuthFault 503 */
  private async record(request: FastifyRequest, known: TokenRequest, outcome: Outcome, outcomeDescription?: string): Promise<void> {
    const { application, staff } = known;
    const facts: AccessFacts = {
      interaction: Interaction.TOKEN,
      name: known.name,
      outcome,
      outcomeDescription,
      agent: {
        clientId: application?.clientId,
        clientName: application?.name,
        productId: application?.productId,
        odsCode: application?.odsCode,
        accessMode: known.mode,
        userId: known.userId,
        userName: staff?.name,
        authenticationAssuranceLevel: known.aal,
        tokenId: known.tokenId,
        sessionId: known.sessionId,
      },
      requestId: request.requestId,
      traceparent: request.traceparent,
      clientAddress: request.socket.remoteAddress,
    };
    await this.accessLog.record(facts, []).catch((error: Error) => {
      this.log.error({ requestId: request.requestId, reason: error.name, code: 'code' in error ? error.code : undefined }, 'token.unrecorded');
      throw unavailable();
    });
  }
}

const unavailable = (): OAuthFault =>
  new OAuthFault(503, 'temporarily_unavailable', 'The service is unavailable for a moment');

const nothingKnown = (): TokenRequest => ({ name: 'Issue token' });

function refuseOtherMethods(scope: FastifyInstance, url: string, allowed: string): void {
  scope.route({
    method: METHODS.filter((method) => method !== allowed),
    url,
    config: { access: { public: 'shows a refusal' } },
    handler: (request, reply) => refuseMethod(request, reply, allowed),
  });
}
