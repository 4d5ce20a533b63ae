import { Module } from '@nestjs/common';
import { AccessesController } from './accesses/accesses.controller';
import { AuditApi } from './apis/audit-api';
import { DemographicsApi } from './apis/demographics-api';
import { FhirClient } from './apis/fhir-client';
import { EditPatientController } from './edit-patient/edit-patient.controller';
import { FindAPatientController } from './find-a-patient/find-a-patient.controller';
import { AssetsController } from './pages/assets.controller';
import { NotFoundController } from './pages/not-found.controller';
import { Pages } from './pages/pages';
import { PatientsController } from './patients/patients.controller';
import { SealedReferences } from './references/sealed-references';
import { SignInController } from './sign-in/sign-in.controller';

@Module({
  controllers: [
    SignInController,
    FindAPatientController,
    PatientsController,
    EditPatientController,
    AccessesController,
    AssetsController,
    NotFoundController,
  ],
  providers: [Pages, SealedReferences, FhirClient, DemographicsApi, AuditApi],
})
export class AppModule {}
