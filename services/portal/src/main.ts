import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest loads
import { portal } from './service';

void runService(portal);
