import { Module } from '@nestjs/common';
import { AccessesModule } from './accesses/accesses.module';

@Module({ imports: [AccessesModule] })
export class AppModule {}
