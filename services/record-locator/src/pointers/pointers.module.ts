import { Module } from '@nestjs/common';
import { PermissionsModule } from '../permissions/permissions.module';
import { SearchAnswers } from '../search/answers';
import { PointerSearch } from '../search/pointer-search';
import { ActingOrganisations } from './acting';
import { ConsumerController } from './consumer.controller';
import { PointerRegister } from './pointer-register.service';
import { ProducerController } from './producer.controller';

@Module({
  imports: [PermissionsModule],
  controllers: [ConsumerController, ProducerController],
  providers: [ActingOrganisations, PointerRegister, PointerSearch, SearchAnswers],
  exports: [ActingOrganisations, PointerRegister],
})
export class PointersModule {}
