import { Module } from '@nestjs/common';
import { AccessesModule } from './accesses/accesses.module';
import { TransparencyModule } from './transparency/transparency.module';

@Module({ imports: [AccessesModule, TransparencyModule] })
export class AppModule {}
