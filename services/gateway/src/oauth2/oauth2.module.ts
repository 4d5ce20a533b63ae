import { Module } from '@nestjs/common';
import { ApplicationsModule } from '../applications/applications.module';
import { SessionsModule } from '../sessions/sessions.module';
import { SignInModule } from '../sign-in/sign-in.module';
import { AccessTokens } from './access-tokens';
import { ClientAssertions } from './client-assertion';
import { OAuth2Controller } from './oauth2.controller';
import { OAuth2Routes } from './oauth2.routes';
import { RoleDirectory } from './role-directory';
import { SubjectTokens } from './subject-token';
import { SupplierSessions } from './supplier-sessions';
import { TokenEndpoint } from './token-endpoint';

@Module({
  imports: [ApplicationsModule, SessionsModule, SignInModule],
  controllers: [OAuth2Controller],
  providers: [AccessTokens, ClientAssertions, OAuth2Routes, RoleDirectory, SubjectTokens, SupplierSessions, TokenEndpoint],
  exports: [AccessTokens],
})
export class OAuth2Module {}
