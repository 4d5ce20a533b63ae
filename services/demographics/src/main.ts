import { runService } from '@carespine/service-kit'; // keep first: starts telemetry before Nest and pg load
import { demographics } from './service';

void runService(demographics);
