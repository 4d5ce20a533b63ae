import { Module } from '@nestjs/common';
import { Database } from '@carespine/service-kit';
import { StaffHouseholds } from '../households/staff-households';
import { StaffRecordsController } from '../households/staff-records.controller';
import { PatientSearch } from '../search/patient-search';
import { PatientRegister } from './patient-register.service';
import { PatientsController } from './patients.controller';
import { RelatedPersonsController } from './related-persons.controller';

@Module({
  controllers: [PatientsController, RelatedPersonsController, StaffRecordsController],
  providers: [PatientRegister, StaffHouseholds, { provide: PatientSearch, inject: [Database], useFactory: (database: Database) => new PatientSearch(database) }],
})
export class PatientsModule {}
