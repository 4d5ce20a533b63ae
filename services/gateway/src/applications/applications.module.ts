import { Module } from '@nestjs/common';
import { GatewayConfig } from '../config';
import { SessionsModule } from '../sessions/sessions.module';
import { ApplicationKeys } from './application-keys';
import { ApplicationRegistry } from './application-registry';
import { RateLimits } from './rate-limit';

@Module({
  imports: [SessionsModule],
  providers: [
    { provide: ApplicationRegistry, inject: [GatewayConfig], useFactory: (config: GatewayConfig) => new ApplicationRegistry(config.APPLICATIONS) },
    { provide: RateLimits, useFactory: () => new RateLimits(() => performance.now()) },
    ApplicationKeys,
  ],
  exports: [ApplicationRegistry, ApplicationKeys, RateLimits],
})
export class ApplicationsModule {}
