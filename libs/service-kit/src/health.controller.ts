import { Controller, Get, Inject, Optional } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database } from './database';

/** Whether the service wants requests: it says no while it stops. */
export class Readiness {
  draining = false;
}

@ApiExcludeController()
@Controller('health')
export class HealthController {
  private checkedAt = 0;

  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    @Optional() @Inject(Database) private readonly database?: Database,
  ) {}

  @Get('live')
  @Public('asked by the launcher and by Kubernetes; says nothing but that the process answers')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('startup')
  @Public('asked by the launcher and by Kubernetes; says nothing but that the service has started')
  startup(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public('asked by the launcher and by Kubernetes; says nothing but whether requests are welcome')
  async ready(): Promise<{ status: string }> {
    if (this.readiness.draining) throw new Fault('SERVICE_UNAVAILABLE', { diagnostics: 'stopping' });
    if (this.database && Date.now() - this.checkedAt > 1000) {
      await this.database.pool.query('SELECT 1');
      this.checkedAt = Date.now();
    }
    return { status: 'ok' };
  }
}
