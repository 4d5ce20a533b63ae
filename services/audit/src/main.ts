import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest and pg load
import { audit } from './service';

void runService(audit);
