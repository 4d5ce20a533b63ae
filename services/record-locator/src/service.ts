import type { ServiceDefinition } from '@carespine/service-kit';
import { CreatePointers20261124130000 } from '../migrations/20261124130000-create-pointers';
import { AddTimesToPatientFacts20261124140100 } from '../migrations/20261124140100-add-times-to-patient-facts';
import { CreateRetrievalFailures20261124150000 } from '../migrations/20261124150000-create-retrieval-failures';
import { FindRetrievalFailuresByAge20261124150420 } from '../migrations/20261124150420-find-retrieval-failures-by-age';
import { AppModule } from './app.module';
import { RecordLocatorConfig } from './config';
import { answerOtherRequests } from './pointers/other-requests';
import { faultAs } from './pointers/outcomes';

export const recordLocator: ServiceDefinition = {
  name: 'record-locator',
  module: AppModule,
  config: RecordLocatorConfig,
  migrations: [
    CreatePointers20261124130000,
    AddTimesToPatientFacts20261124140100,
    CreateRetrievalFailures20261124150000,
    FindRetrievalFailuresByAge20261124150420,
  ],
  configure: answerOtherRequests,
  plansOnce: true,
  faultAs,
};
