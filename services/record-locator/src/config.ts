import { StoreConfig } from '@carespine/service-kit';

export class RecordLocatorConfig extends StoreConfig {}
