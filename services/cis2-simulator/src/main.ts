import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest loads
import { cis2Simulator } from './service';

void runService(cis2Simulator);
