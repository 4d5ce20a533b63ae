import { Module } from '@nestjs/common';
import { AccessProofController } from './access-proof.controller';
import { Integrator } from './integrator';
import { LogController } from './log.controller';
import { LogKeys } from './log-keys';
import { LogReader } from './log-reader';
import { Publishing } from './publishing';
import { Summaries } from './summaries';
import { TransparencyLog } from './transparency-log.service';
import { Nightly } from '../verification/nightly';
import { Witnesses } from './witnesses';

@Module({
  controllers: [LogController, AccessProofController],
  providers: [LogKeys, LogReader, Integrator, Witnesses, Publishing, Summaries, TransparencyLog, Nightly],
  exports: [LogKeys, TransparencyLog],
})
export class TransparencyModule {}
