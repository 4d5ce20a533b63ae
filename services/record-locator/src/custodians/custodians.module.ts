import { Module } from '@nestjs/common';
import { DocumentsModule } from '../documents/documents.module';
import { PointersModule } from '../pointers/pointers.module';
import { CustodiansController } from './custodians.controller';
import { OwnPointers } from './own-pointers';

@Module({ imports: [PointersModule, DocumentsModule], controllers: [CustodiansController], providers: [OwnPointers] })
export class CustodiansModule {}
