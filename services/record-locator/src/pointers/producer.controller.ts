import { Controller, Delete, Get, Header, Headers, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault, type OperationOutcome } from '@carespine/fhir';
import { SearchAnswers } from '../search/answers';
import { parseSearch } from '../search/search-parameters';
import { checkedPointer, wellFormed } from '../validation/checked-pointer';
import { ActingOrganisations, ORGANISATION_HEADER, type Acting } from './acting';
import { done, MEDIA_TYPE } from './outcomes';
import { PointerRegister, requireOwn, type RequestIds } from './pointer-register.service';
import { jsonBodyOf, parametersOf, queryOf } from './request';

export const PRODUCER = 'record-locator/producer/FHIR/R4';
const ADDRESS = `/${PRODUCER}/DocumentReference`;
const produce = (interaction: Interaction, name: string): AccessRule => ({
  permission: 'pointers.produce',
  record: { interaction, resource: 'DocumentReference', name },
});
const SEARCH = produce(Interaction.SEARCH_TYPE, 'Search for own pointers');

/** @see National Record Locator producer API */
@Controller(PRODUCER)
export class ProducerController {
  constructor(
    private readonly acting: ActingOrganisations,
    private readonly register: PointerRegister,
    private readonly answers: SearchAnswers,
  ) {}

  @Post('DocumentReference')
  @Access(produce(Interaction.CREATE, 'Create pointer'))
  async create(
    @Req() request: FastifyRequest,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const acting = await this.acting.of(who, organisation, 'producer');
    return this.store(withoutId(jsonBodyOf(request)), false, acting, request, trail, reply);
  }

  /** The producer chooses the id; one that exists is refused, not overwritten. */
  @Put('DocumentReference')
  @Access(produce(Interaction.CREATE, 'Create pointer under its id'))
  async upsert(
    @Req() request: FastifyRequest,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const acting = await this.acting.of(who, organisation, 'producer');
    return this.store(jsonBodyOf(request), true, acting, request, trail, reply);
  }

  @Get('DocumentReference')
  @Header('content-type', MEDIA_TYPE)
  @Header('cache-control', 'no-store')
  @Access(SEARCH)
  async search(
    @Query() parameters: Record<string, unknown>,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<string> {
    const acting = await this.acting.of(who, organisation, 'producer');
    return this.answerOwn(parameters, acting, trail);
  }

  @Post('DocumentReference/_search')
  @HttpCode(200)
  @Header('content-type', MEDIA_TYPE)
  @Header('cache-control', 'no-store')
  @Access(SEARCH)
  async searchByPost(
    @Req() request: FastifyRequest,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<string> {
    const acting = await this.acting.of(who, organisation, 'producer');
    const parameters = parametersOf(request);
    trail.query = queryOf(parameters);
    return this.answerOwn(parameters, acting, trail);
  }

  @Get('DocumentReference/:id')
  @Header('content-type', MEDIA_TYPE)
  @Header('cache-control', 'no-store')
  @Access(produce(Interaction.READ, 'Retrieve own pointer'))
  async read(
    @Param('id') id: string,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<string> {
    trail.resourceId = id;
    const { nhs_number, record } = await this.register.readOwn(id, await this.acting.of(who, organisation, 'producer'));
    trail.open(nhs_number);
    return record;
  }

  @Put('DocumentReference/:id')
  @Header('content-type', MEDIA_TYPE)
  @Access(produce(Interaction.UPDATE, 'Update pointer'))
  async update(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<OperationOutcome> {
    trail.resourceId = id;
    const acting = await this.acting.of(who, organisation, 'producer');
    const body = jsonBodyOf(request);
    if (typeof body === 'object' && body !== null && !Array.isArray(body) && (body as { id?: unknown }).id !== id) {
      throw new Fault('BAD_REQUEST', { expression: 'id', diagnostics: 'The id of the document in the path and in the body do not match' });
    }
    requireOwn(id, acting.organisation, 'updated');
    await this.register.update(id, wellFormed(body), acting, idsOf(request), trail);
    return done('RESOURCE_UPDATED');
  }

  @Delete('DocumentReference/:id')
  @Header('content-type', MEDIA_TYPE)
  @Access(produce(Interaction.DELETE, 'Delete pointer'))
  async delete(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<OperationOutcome> {
    trail.resourceId = id;
    const acting = await this.acting.of(who, organisation, 'producer');
    const { nhs_number } = await this.register.delete(id, acting, idsOf(request));
    trail.open(nhs_number);
    return done('RESOURCE_DELETED');
  }

  private async store(
    body: unknown,
    keepsId: boolean,
    acting: Acting,
    request: FastifyRequest,
    trail: AccessTrail,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const pointer = checkedPointer(body, acting.organisation, keepsId);
    trail.open(pointer.subject.identifier.value ?? '');
    const { id, change } = await this.register.create(pointer, keepsId, acting, idsOf(request));
    trail.resourceId = id;
    return reply
      .code(201)
      .headers({ 'content-type': MEDIA_TYPE, location: `${ADDRESS}/${id}` })
      .send(JSON.stringify(done(change === 'superseded' ? 'RESOURCE_SUPERSEDED' : 'RESOURCE_CREATED')));
  }

  /** A producer sees its own pointers alone. */
  private answerOwn(parameters: Record<string, unknown>, acting: Acting, trail: AccessTrail): Promise<string> {
    const query = parseSearch(parameters, 'producer', acting.grant.types);
    return this.answers.answer({ ...query, custodian: acting.organisation }, acting, ADDRESS, trail);
  }
}

const idsOf = ({ requestId, traceparent }: FastifyRequest): RequestIds => ({ id: requestId, traceparent });

/** The server gives the id: what a producer sends for it is not even looked at. */
function withoutId(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { id: _, ...rest } = body as Record<string, unknown>;
  return rest;
}
