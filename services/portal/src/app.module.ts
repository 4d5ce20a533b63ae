import { Module } from '@nestjs/common';
import { AlertsController } from './alerts/alerts.controller';
import { AlertsApi } from './apis/alerts-api';
import { ApiClient } from './apis/api-client';
import { DemographicsApi } from './apis/demographics-api';
import { PointersApi } from './apis/pointers-api';
import { PolicyApi } from './apis/policy-api';
import { RecordLocatorApi } from './apis/record-locator-api';
import { ReportsApi } from './apis/reports-api';
import { SubjectAccessApi } from './apis/subject-access-api';
import { DeskController } from './desk/desk.controller';
import { EditPatientController } from './edit-patient/edit-patient.controller';
import { FindAPatientController } from './find-a-patient/find-a-patient.controller';
import { AssetsController } from './pages/assets.controller';
import { NotFoundController } from './pages/not-found.controller';
import { Pages } from './pages/pages';
import { PatientsController } from './patients/patients.controller';
import { PointerPermissionsController } from './pointer-permissions/permissions.controller';
import { PointersController } from './pointers/pointers.controller';
import { PolicyController } from './policy/policy.controller';
import { ProofsController } from './proofs/proofs.controller';
import { OpenRecordController } from './records/open-record.controller';
import { RecordsController } from './records/records.controller';
import { SealedReferences } from './references/sealed-references';
import { ExportsController } from './reports/exports.controller';
import { ReportsController } from './reports/reports.controller';
import { SamplesController } from './samples/samples.controller';
import { SignInController } from './sign-in/sign-in.controller';
import { SubjectAccessController } from './subject-access/subject-access.controller';

@Module({
  controllers: [
    SignInController,
    FindAPatientController,
    PatientsController,
    EditPatientController,
    RecordsController,
    OpenRecordController,
    PointersController,
    PointerPermissionsController,
    DeskController,
    AlertsController,
    PolicyController,
    SamplesController,
    ReportsController,
    ExportsController,
    ProofsController,
    SubjectAccessController,
    AssetsController,
    NotFoundController,
  ],
  providers: [Pages, SealedReferences, ApiClient, DemographicsApi, RecordLocatorApi, PointersApi, AlertsApi, PolicyApi, ReportsApi, SubjectAccessApi],
})
export class AppModule {}
