import { Module } from '@nestjs/common';
import { OrganisationPolicyController } from './organisation-policy.controller';
import { OrganisationPolicies } from './organisation-policies.service';

@Module({ controllers: [OrganisationPolicyController], providers: [OrganisationPolicies], exports: [OrganisationPolicies] })
export class OrganisationPolicyModule {}
