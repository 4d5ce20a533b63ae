import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { Access, Caller, type Principal } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { DemographicsApi } from '../apis/demographics-api';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { AREAS } from '../edit-patient/areas';
import { holds } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { sessionOf, SealedReferences } from '../references/sealed-references';
import { describePatient } from './patient-view';
import { describeRelatedPerson } from './related-people';

@Controller('/patients')
export class PatientsController {
  constructor(
    private readonly pages: Pages,
    private readonly references: SealedReferences,
    private readonly demographics: DemographicsApi,
  ) {}

  @Access({ permission: 'demographics.read' })
  @Get(':reference')
  async details(
    @Caller() who: Principal,
    @OnwardHeaders() onward: Onward,
    @Param('reference') reference: string,
    @Query('saved') saved: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const nhsNumber = await this.references.nhsNumber(sessionOf(who), reference);
    const read = await this.demographics.read(onward, nhsNumber).catch((error: unknown) => {
      if (error instanceof ApiRefused && error.status === 404) return error;
      throw error;
    });
    if (read instanceof ApiRefused) {
      return this.pages.show(reply, 'patients/no-record', { nhsNumber, invalidated: read.code === 'INVALIDATED_RESOURCE' }, 404);
    }

    const { patient } = read;
    const superseded = patient.id !== nhsNumber;
    const view = describePatient(patient, new Date());
    const current = superseded ? await this.references.patient(sessionOf(who), patient.id) : reference;
    this.pages.show(reply, 'patients/details', {
      ...view,
      ...(superseded && { superseded: nhsNumber }),
      related: view.restricted ? [] : await this.relatedPeople(who, onward, patient.id),
      href: `/patients/${current}`,
      canEdit: !view.restricted && (who.permissions.has('demographics.update') || who.stepUp.has('demographics.update')),
      canSeeRecords: holds(who, ['pointers.search']),
      canAudit: who.permissions.has('audit.reports') || who.stepUp.has('audit.reports'),
      saved: AREAS.find((area) => area.slug === saved)?.saved,
    });
  }

  /** Undefined when they cannot be had now: the rest of the page is still useful. */
  private async relatedPeople(who: Principal, onward: Onward, nhsNumber: string) {
    const people = await this.demographics.relatedPersons(onward, nhsNumber).catch(() => undefined);
    return (
      people &&
      Promise.all(
        people.map(async (person) => {
          const described = describeRelatedPerson(person, nhsNumber);
          const { nhsNumber: own } = described;
          return { ...described, ...(own && { href: `/patients/${await this.references.patient(sessionOf(who), own)}` }) };
        }),
      )
    );
  }
}
