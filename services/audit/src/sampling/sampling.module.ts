import { Module } from '@nestjs/common';
import { OrganisationPolicyModule } from '../organisation-policy/organisation-policy.module';
import { SamplesController } from './samples.controller';
import { Samples } from './samples.service';

@Module({ imports: [OrganisationPolicyModule], controllers: [SamplesController], providers: [Samples] })
export class SamplingModule {}
