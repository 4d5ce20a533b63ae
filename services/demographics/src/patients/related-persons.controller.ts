import { Controller, Get, Header, Param } from '@nestjs/common';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { searchset, type Bundle, type RelatedPerson } from '@carespine/fhir';
import { Database, FHIR_JSON } from '@carespine/service-kit';
import { DemographicsConfig } from '../config';
import { StaffHouseholds } from '../households/staff-households';
import { PatientRegister } from './patient-register.service';
import { BASE_PATH, nhsNumberOf } from './patients.controller';
import { serveRelatedPerson, type Confidentiality } from './serving';
import { viewOf } from './view';

/** Read only. Of a restricted patient nobody is shown. */
@Controller(`${BASE_PATH}/Patient/:id/RelatedPerson`)
export class RelatedPersonsController {
  constructor(
    private readonly register: PatientRegister,
    private readonly database: Database,
    private readonly config: DemographicsConfig,
    private readonly households: StaffHouseholds,
  ) {}

  @Get()
  @Header('content-type', FHIR_JSON)
  @Access({
    permission: 'demographics.read',
    record: { interaction: Interaction.READ, resource: 'RelatedPerson', name: 'Retrieve related people', patient: 'id' },
  })
  async list(@Param('id') id: string, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Bundle<RelatedPerson>> {
    const patient = await this.register.read(nhsNumberOf(id), who);
    trail.open(patient.nhsNumber, String(patient.version), this.households.knows(who) && (await this.households.shares(who, patient)));
    if (patient.confidentiality !== 'U') return searchset<RelatedPerson>([]);
    const { rows } = await this.database.query<{ id: string; resource: string; confidentiality: Confidentiality | null }>({
      name: 'related-persons',
      text: `SELECT person.id, person.resource, referenced.confidentiality FROM related_persons AS person
        LEFT JOIN patients AS referenced ON referenced.nhs_number = person.referenced_nhs_number
        WHERE person.nhs_number = $1 ORDER BY person.id`,
      values: [patient.nhsNumber],
    });
    const base = `${this.config.PUBLIC_URL}/${BASE_PATH}/Patient/${patient.nhsNumber}/RelatedPerson`;
    return searchset(
      rows.map((row) => ({
        fullUrl: `${base}/${row.id}`,
        resource: serveRelatedPerson(JSON.parse(row.resource) as RelatedPerson, row.confidentiality ?? 'U', viewOf(who)),
      })),
    );
  }
}
