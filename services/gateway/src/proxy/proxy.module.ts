import { Module } from '@nestjs/common';
import { ApplicationsModule } from '../applications/applications.module';
import { Callers } from '../callers/callers';
import { OAuth2Module } from '../oauth2/oauth2.module';
import { SessionsModule } from '../sessions/sessions.module';
import { Proxy } from './proxy';

@Module({ imports: [ApplicationsModule, OAuth2Module, SessionsModule], providers: [Callers, Proxy], exports: [Proxy] })
export class ProxyModule {}
