import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module';
import { Authentication } from './authentication';
import { Cis2Strategy } from './cis2.strategy';
import { IdentityProvider } from './identity-provider';
import { SignInController } from './sign-in.controller';
import { SignInRecords } from './sign-in-records';
import { SignIns } from './sign-ins';
import { SignInsUnderWay } from './sign-ins-under-way';
import { SignOutController } from './sign-out.controller';
import { SignOut } from './sign-out';

@Module({
  imports: [SessionsModule],
  controllers: [SignInController, SignOutController],
  providers: [Authentication, Cis2Strategy, IdentityProvider, SignInRecords, SignIns, SignInsUnderWay, SignOut],
  exports: [IdentityProvider],
})
export class SignInModule {}
