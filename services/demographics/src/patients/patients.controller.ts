import { Body, Controller, Get, Headers, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault, isNhsNumber, searchset, type NhsNumber, type OperationOutcome, type Patient } from '@carespine/fhir';
import { FHIR_JSON, MalformedBody } from '@carespine/service-kit';
import { DemographicsConfig } from '../config';
import { StaffHouseholds } from '../households/staff-households';
import { PatientSearch } from '../search/patient-search';
import { parseSearch } from '../search/search-parameters';
import { requireIfMatch, requireJsonPatch } from '../updates/headers';
import { todayInLondon } from './london';
import { PatientRegister, type Served } from './patient-register.service';
import { searchHit } from './serving';
import { viewOf } from './view';

export const BASE_PATH = 'personal-demographics/FHIR/R4';

/** @see Personal Demographics Service FHIR API */
@Controller(`${BASE_PATH}/Patient`)
export class PatientsController {
  constructor(
    private readonly register: PatientRegister,
    private readonly patients: PatientSearch,
    private readonly config: DemographicsConfig,
    private readonly households: StaffHouseholds,
  ) {}

  @Get()
  @Access({ permission: 'demographics.trace', record: { interaction: Interaction.SEARCH_TYPE, resource: 'Patient', name: 'Search for a patient' } })
  async search(
    @Query() parameters: Record<string, unknown>,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const found = await this.patients.find(parseSearch(parameters, who.mode));
    return reply.header('content-type', FHIR_JSON).header('cache-control', 'no-store').send(found === 'too-many' ? tooMany() : this.bundle(found.hits, who, trail));
  }

  @Get(':id')
  @Access({ permission: 'demographics.read', record: { interaction: Interaction.READ, resource: 'Patient', name: 'Retrieve patient', patient: 'id' } })
  async read(@Param('id') id: string, @Caller() who: Principal, @Trail() trail: AccessTrail, @Res() reply: FastifyReply): Promise<FastifyReply> {
    return this.answer(reply, await this.register.read(nhsNumberOf(id), who), who, trail);
  }

  @Patch(':id')
  @Access({
    permission: 'demographics.update',
    record: { interaction: Interaction.PATCH, resource: 'Patient', name: 'Update patient', patient: 'id' },
    refuse: ({ mode }) =>
      mode === 'user-restricted'
        ? undefined
        : new Fault('INVALID_METHOD', {
            display: `Cannot update resource with ${mode} access token`,
            diagnostics: 'Your app has insufficient permissions to use this method. Please contact support.',
          }),
  })
  async update(
    @Param('id') id: string,
    @Headers() headers: Record<string, string | undefined>,
    @Body() body: unknown,
    @Caller() who: Principal,
    @Trail() trail: AccessTrail,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<FastifyReply> {
    const version = requireIfMatch(headers['if-match']);
    requireJsonPatch(headers['content-type']);
    const nhsNumber = nhsNumberOf(id);
    const patches = body instanceof MalformedBody ? undefined : body;
    const served = await this.register.update(nhsNumber, version, patches, who, { id: request.requestId, traceparent: request.traceparent });
    return this.answer(reply, served, who, trail);
  }

  /** The number is missing. */
  @Patch()
  @Access({ permission: 'demographics.read', record: { interaction: Interaction.PATCH, resource: 'Patient', name: 'Update patient' } })
  updateNobody(): never {
    throw new Fault('UNSUPPORTED_SERVICE');
  }

  @Post()
  @HttpCode(400)
  @Access({ permission: 'demographics.read', record: { interaction: Interaction.CREATE, resource: 'Patient', name: 'Create patient' } })
  create(): never {
    throw new Fault('UNSUPPORTED_REQUEST');
  }

  private async answer(reply: FastifyReply, served: Served, who: Principal, trail: AccessTrail): Promise<FastifyReply> {
    const { nhsNumber, version, json } = served;
    trail.open(nhsNumber, String(version), this.households.knows(who) && (await this.households.shares(who, served)));
    return reply.header('content-type', FHIR_JSON).header('etag', `W/"${version}"`).header('cache-control', 'no-store').send(json);
  }

  private bundle(hits: { nhsNumber: string; record: string; score: number }[], who: Principal, trail: AccessTrail): string {
    const today = todayInLondon();
    const view = viewOf(who);
    const entries = hits.map(({ nhsNumber, record, score }) => {
      const patient = JSON.parse(record) as Patient;
      trail.open(nhsNumber, patient.meta?.versionId, this.households.knows(who) && this.households.sharesWith(who, patient));
      return { fullUrl: `${this.config.PUBLIC_URL}/${BASE_PATH}/Patient/${nhsNumber}`, search: { score }, resource: searchHit(patient, view, today) };
    });
    return JSON.stringify(searchset(entries));
  }
}

const tooMany = (): OperationOutcome => new Fault('TOO_MANY_MATCHES').toOperationOutcome();

/** @throws Fault INVALID_RESOURCE_ID */
export function nhsNumberOf(id: string): NhsNumber {
  if (!isNhsNumber(id)) throw new Fault('INVALID_RESOURCE_ID');
  return id;
}
