import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest and pg load
import { recordLocator } from './service';

void runService(recordLocator);
