import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest and pg load
import { gateway } from './service';

void runService(gateway);
