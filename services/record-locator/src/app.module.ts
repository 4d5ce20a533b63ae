import { Module } from '@nestjs/common';
import { DocumentsModule } from './documents/documents.module';
import { PatientFacts } from './patients/patient-facts';
import { PointersModule } from './pointers/pointers.module';

@Module({ imports: [PointersModule, DocumentsModule], controllers: [PatientFacts] })
export class AppModule {}
