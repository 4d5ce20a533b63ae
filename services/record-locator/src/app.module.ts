import { Module } from '@nestjs/common';
import { PointersModule } from './pointers/pointers.module';

@Module({ imports: [PointersModule] })
export class AppModule {}
