import { Module } from '@nestjs/common';
import { TransparencyLog } from './transparency-log.service';

@Module({ providers: [TransparencyLog], exports: [TransparencyLog] })
export class TransparencyModule {}
