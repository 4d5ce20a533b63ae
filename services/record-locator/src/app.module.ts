import { Module } from '@nestjs/common';
import { PatientFacts } from './patients/patient-facts';
import { PointersModule } from './pointers/pointers.module';

@Module({ imports: [PointersModule], controllers: [PatientFacts] })
export class AppModule {}
