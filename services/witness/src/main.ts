import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest and pg load
import { witness } from './service';

void runService(witness);
