import { Controller, Get, Header, Headers, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Access, Caller, Trail, type AccessRule, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { SearchAnswers } from '../search/answers';
import { parseSearch } from '../search/search-parameters';
import { ActingOrganisations, ORGANISATION_HEADER } from './acting';
import { MEDIA_TYPE } from './outcomes';
import { PointerRegister } from './pointer-register.service';
import { parametersOf, queryOf } from './request';

export const CONSUMER = 'record-locator/consumer/FHIR/R4';
const ADDRESS = `/${CONSUMER}/DocumentReference`;
const SEARCH: AccessRule = {
  permission: 'pointers.search',
  record: { interaction: Interaction.SEARCH_TYPE, resource: 'DocumentReference', name: 'Search for pointers' },
};

/** @see National Record Locator consumer API */
@Controller(CONSUMER)
export class ConsumerController {
  constructor(
    private readonly acting: ActingOrganisations,
    private readonly register: PointerRegister,
    private readonly answers: SearchAnswers,
  ) {}

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
    const acting = await this.acting.of(who, organisation, 'consumer');
    return this.answers.answer(parseSearch(parameters, 'consumer', acting.grant.types), acting, ADDRESS, trail);
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
    const acting = await this.acting.of(who, organisation, 'consumer');
    const parameters = parametersOf(request);
    trail.query = queryOf(parameters);
    return this.answers.answer(parseSearch(parameters, 'consumer', acting.grant.types), acting, ADDRESS, trail);
  }

  /** As earlier versions of the API had it. */
  @Get('_count')
  @Header('content-type', MEDIA_TYPE)
  @Header('cache-control', 'no-store')
  @Access({
    permission: 'pointers.search',
    record: { interaction: Interaction.SEARCH_TYPE, resource: 'DocumentReference', name: 'Count pointers' },
  })
  async count(
    @Query() parameters: Record<string, unknown>,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<string> {
    const acting = await this.acting.of(who, organisation, 'consumer');
    const query = parseSearch(parameters, 'consumer', acting.grant.types, 'INVALID_IDENTIFIER_VALUE');
    return this.answers.answer({ ...query, isCount: true }, acting, ADDRESS, trail);
  }

  @Get('DocumentReference/:id')
  @Header('content-type', MEDIA_TYPE)
  @Header('cache-control', 'no-store')
  @Access({
    permission: 'pointers.retrieve',
    record: { interaction: Interaction.READ, resource: 'DocumentReference', name: 'Retrieve pointer' },
  })
  async read(
    @Param('id') id: string,
    @Headers(ORGANISATION_HEADER) organisation: string,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
  ): Promise<string> {
    trail.resourceId = id;
    const acting = await this.acting.of(who, organisation, 'consumer');
    return (await this.register.read(id, acting, trail)).record;
  }
}
