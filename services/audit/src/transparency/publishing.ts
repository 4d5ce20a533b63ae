import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database, LOG, meter, type Log } from '@carespine/service-kit';
import { BackgroundLoop } from '../background-loop';
import { AuditConfig } from '../config';
import { Integrator } from './integrator';
import { Witnesses } from './witnesses';

const integrated = meter.createCounter('log_leaves_integrated_total', { description: 'Leaves taken into the tree' });
const checkpoints = meter.createCounter('log_checkpoints_total', { description: 'Checkpoints signed' });

/** Once an interval makes what was placed provable, and has witnesses cosign it. */
@Injectable()
export class Publishing implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: BackgroundLoop;
  private asking = Promise.resolve();
  private wasFrozen = false;

  constructor(
    private readonly integrator: Integrator,
    private readonly witnesses: Witnesses,
    config: AuditConfig,
    private readonly database: Database,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.loop = new BackgroundLoop('log', config.LOG_INTERVAL_MS, () => this.once(), log);
  }

  onApplicationBootstrap(): void {
    const frozen = meter.createObservableGauge('log_frozen', { description: '1 while nothing is published because the log contradicts itself' });
    const behind = meter.createObservableGauge('log_unproven_leaves', { description: 'Leaves that are committed and not yet provable' });
    meter.addBatchObservableCallback(
      async (result) => {
        const { rows } = await this.database
          .query<{ frozen: boolean; behind: string }>({
            text: `SELECT EXISTS (SELECT FROM log_freeze WHERE thawed_at IS NULL) AS frozen,
              (SELECT next_index FROM log_tail) - coalesce((SELECT tree_size FROM checkpoints ORDER BY number DESC LIMIT 1), 0) AS behind`,
          })
          .catch(() => ({ rows: [] }));
        if (!rows[0]) return;
        result.observe(frozen, rows[0].frozen ? 1 : 0);
        result.observe(behind, Number(rows[0].behind));
      },
      [frozen, behind],
    );
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.loop.stop();
    await this.asking;
  }

  /** @returns whether there is more to do at once */
  private async once(): Promise<boolean> {
    try {
      const step = await this.integrator.integrate();
      if (step.state === 'frozen' && !this.wasFrozen) this.log.error('log.frozen');
      this.wasFrozen = step.state === 'frozen';
      if (step.state !== 'integrated') return false;
      if (step.leaves > 0) {
        integrated.add(step.leaves);
        checkpoints.add(1);
      }
      const { checkpoint } = step;
      // nobody waits for a witness: the next interval goes on without it
      if (checkpoint && !step.more) this.asking = this.witnesses.ask(checkpoint).catch((error: Error) => this.log.warn({ reason: error.name }, 'witness.failed'));
      return step.more;
    } catch (error) {
      const { name, message } = error as Error;
      if (name === 'LogBroken') this.log.error({ reason: message }, 'log.broken');
      else this.log.warn({ reason: name, code: error instanceof Error && 'code' in error ? error.code : undefined }, 'log.not-integrated');
      return false;
    }
  }
}
