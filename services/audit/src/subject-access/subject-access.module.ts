import { Module } from '@nestjs/common';
import { OrganisationPolicyModule } from '../organisation-policy/organisation-policy.module';
import { TransparencyModule } from '../transparency/transparency.module';
import { AccountSource } from './account-source';
import { Preparation } from './preparation';
import { SubjectAccessController } from './subject-access.controller';
import { SubjectAccessRegister } from './subject-access-register';

@Module({
  imports: [OrganisationPolicyModule, TransparencyModule],
  controllers: [SubjectAccessController],
  providers: [AccountSource, Preparation, SubjectAccessRegister],
})
export class SubjectAccessModule {}
