import { Module } from '@nestjs/common';
import { DocumentsModule } from './documents/documents.module';
import { PointersModule } from './pointers/pointers.module';

@Module({ imports: [PointersModule, DocumentsModule] })
export class AppModule {}
