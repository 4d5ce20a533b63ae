import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, AccessLog, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { accessFactsOf, LOG, type Log } from '@carespine/service-kit';
import { ActingOrganisations, ORGANISATION_HEADER } from '../pointers/acting';
import { CONSUMER } from '../pointers/consumer.controller';
import type { DocumentReference } from '../pointers/document-reference';
import { MEDIA_TYPE } from '../pointers/outcomes';
import { PointerRegister } from '../pointers/pointer-register.service';
import { headersOf, openedElsewhere, outcomeOf } from './document-answer';
import { ReaderTooSlow } from './document-fetch';
import { DocumentRetrieval } from './document-retrieval.service';
import { RetrievalFailure } from './retrieval-failure';
import { RetrievalFailures } from './retrieval-failures';

const RECORD = { interaction: Interaction.OPERATION, resource: 'DocumentReference', name: 'Retrieve document' } satisfies AccessRule['record'];

@Controller(`${CONSUMER}/DocumentReference`)
export class DocumentsController {
  constructor(
    private readonly acting: ActingOrganisations,
    private readonly pointers: PointerRegister,
    private readonly documents: DocumentRetrieval,
    private readonly failures: RetrievalFailures,
    private readonly accessLog: AccessLog,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** An operation that returns a Binary is answered with its bytes; one that leads elsewhere, with Parameters. */
  @Get(':id/$retrieve')
  @Access({ permission: 'pointers.retrieve', record: RECORD })
  async retrieve(
    @Param('id') id: string,
    @Query() parameters: Record<string, unknown>,
    @Headers(ORGANISATION_HEADER) organisation: string | undefined,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    trail.resourceId = id.slice(0, 64);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const acting = await this.acting.of(who, organisation, 'consumer');
    const index = contentIndexOf(parameters);
    const pointer = JSON.parse((await this.pointers.read(id, acting, trail)).record) as DocumentReference;
    try {
      const retrieved = await this.documents.retrieve({ userId: who.userId, organisation: acting.organisation }, pointer, index, request.requestId, gone.signal);
      if (retrieved.kind === 'launch') trail.reason = `launch ${retrieved.jti}`;
      if (retrieved.kind !== 'document') return answer(reply, openedElsewhere(retrieved));
      const { bytes } = retrieved;
      bytes.once('error', (error) => this.brokenOff(error, pointer, request, trail));
      reply.raw.once('close', () => bytes.destroy()); // also when another answer went out in its place
      return reply.headers(headersOf(pointer.id, retrieved)).send(bytes);
    } catch (error) {
      if (gone.signal.aborted) {
        trail.reason = 'the caller left';
        throw new Fault('UNABLE_TO_CALL_SERVICE');
      }
      if (!(error instanceof RetrievalFailure)) throw error;
      trail.reason = `${error.code}: ${error.reason}`;
      await this.failures.note(pointer.custodian.identifier.value ?? '', pointer.id, error.code);
      return answer(reply.code(error.status).headers(error.details.headers ?? {}), outcomeOf(error));
    }
  }

  /** The answer was under way, and its access record says that it was given. */
  private brokenOff(error: unknown, { id, custodian }: DocumentReference, request: FastifyRequest, trail: AccessTrail): void {
    const isOfProvider = error instanceof RetrievalFailure;
    if (!isOfProvider && !(error instanceof ReaderTooSlow)) return; // the caller left
    if (isOfProvider) void this.failures.note(custodian.identifier.value ?? '', id, error.code);
    const why = isOfProvider ? `${error.code}: ${error.reason}` : 'the reader was too slow';
    const { requestId } = request;
    this.log.warn({ requestId, provider: isOfProvider ? error.provider?.odsCode : undefined, why }, 'document.broken-off');
    this.accessLog
      .record({ ...accessFactsOf(request, RECORD), outcome: Outcome.SERIOUS_FAILURE, outcomeDescription: `Broken off ${why}` }, trail.opened)
      .catch((failure: unknown) => this.log.error({ requestId, err: failure }, 'document.break-not-recorded'));
  }
}

function answer(reply: FastifyReply, resource: object): FastifyReply {
  return reply.headers({ 'content-type': MEDIA_TYPE, 'cache-control': 'no-store' }).send(JSON.stringify(resource));
}

/** @throws Fault INVALID_PARAMETER */
function contentIndexOf({ content, ...unknown }: Record<string, unknown>): number | undefined {
  if (Object.keys(unknown).length > 0) throw new Fault('INVALID_PARAMETER', { diagnostics: 'The only parameter of $retrieve is content' });
  if (content === undefined) return undefined;
  if (typeof content !== 'string' || !/^\d{1,3}$/.test(content)) throw new Fault('INVALID_PARAMETER', { diagnostics: 'content is the number of one of the contents, counted from 0', expression: 'content' });
  return Number(content);
}
