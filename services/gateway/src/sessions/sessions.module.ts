import { Module } from '@nestjs/common';
import { Clock } from './clock';
import { Revocations } from './revocations';
import { SessionsController } from './sessions.controller';
import { Sessions } from './sessions';

@Module({ controllers: [SessionsController], providers: [Clock, Revocations, Sessions], exports: [Clock, Revocations, Sessions] })
export class SessionsModule {}
