import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database, LOG, meter, type Log } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { Integrator } from './integrator';
import { Witnesses } from './witnesses';

const integrated = meter.createCounter('log_leaves_integrated_total', { description: 'Leaves taken into the tree' });
const checkpoints = meter.createCounter('log_checkpoints_total', { description: 'Checkpoints signed' });

/** Once an interval makes what was placed provable, and has witnesses cosign it. */
@Injectable()
export class Publishing implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stop = new AbortController();
  private running?: Promise<void>;
  private asking = Promise.resolve();
  private wasFrozen = false;

  constructor(
    private readonly integrator: Integrator,
    private readonly witnesses: Witnesses,
    private readonly config: AuditConfig,
    private readonly database: Database,
    @Inject(LOG) private readonly log: Log,
  ) {}

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
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    await this.running;
    await this.asking;
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      const startedAt = performance.now();
      const more = await this.once();
      const restMs = more ? 0 : Math.max(10, this.config.LOG_INTERVAL_MS - (performance.now() - startedAt));
      await setTimeout(restMs, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
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
