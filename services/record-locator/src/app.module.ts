import { Module } from '@nestjs/common';
import { CustodiansModule } from './custodians/custodians.module';
import { DocumentsModule } from './documents/documents.module';
import { PatientFacts } from './patients/patient-facts';
import { PointersModule } from './pointers/pointers.module';

@Module({ imports: [PointersModule, DocumentsModule, CustodiansModule], controllers: [PatientFacts] })
export class AppModule {}
