import { Module } from '@nestjs/common';
import { ApplicationsModule } from './applications/applications.module';
import { OAuth2Module } from './oauth2/oauth2.module';
import { ProxyModule } from './proxy/proxy.module';
import { SessionsModule } from './sessions/sessions.module';
import { SignInModule } from './sign-in/sign-in.module';

@Module({ imports: [ApplicationsModule, OAuth2Module, SessionsModule, SignInModule, ProxyModule] })
export class AppModule {}
