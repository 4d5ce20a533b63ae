import { Module } from '@nestjs/common';
import { Witness } from './witnessing/witness';
import { WitnessController } from './witnessing/witness.controller';

@Module({ controllers: [WitnessController], providers: [Witness] })
export class AppModule {}
