import { StoreConfig } from '@carespine/service-kit';

export class DemographicsConfig extends StoreConfig {}
