import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SteadyClient, type EventLog } from '@carespine/events';
import { Database, EVENT_LOG, LOG, meter, type Log } from '@carespine/service-kit';
import { AuditConfig } from '../config';
import { freeze } from '../transparency/freeze';
import { LogKeys } from '../transparency/log-keys';
import { SummaryKey } from '../transparency/summary-key';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { verifyLog, type VerificationReport } from './verification';

const LONDON = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const LOOK_MS = 20_000;
const failures = meter.createCounter('log_verification_failures_total', { description: 'Nightly verifications that found the log altered' });
const verifiedAt = meter.createObservableGauge('log_verified_timestamp_seconds', {
  description: 'When this replica last verified the log from end to end and found it whole: one that is not finished is not counted',
  unit: 's',
});

/** Every night: a summary of every patient's accesses into the log, and the whole log held against what was signed. One replica does it. */
@Injectable()
export class Nightly implements OnApplicationBootstrap, OnModuleDestroy {
  private timer?: NodeJS.Timeout;
  private running?: Promise<unknown>;
  private ranAt = '';
  private verifiedAtMs?: number;

  constructor(
    private readonly log: TransparencyLog,
    private readonly keys: LogKeys,
    private readonly config: AuditConfig,
    private readonly database: Database,
    @Inject(EVENT_LOG) private readonly eventLog: EventLog,
    @Inject(LOG) private readonly lines: Log,
  ) {}

  onApplicationBootstrap(): void {
    verifiedAt.addCallback((result) => {
      if (this.verifiedAtMs !== undefined) result.observe(this.verifiedAtMs / 1000);
    });
    this.timer = setInterval(() => {
      const now = LONDON.format(new Date());
      if (now === this.config.VERIFY_AT && this.ranAt !== now) this.running = this.run().catch((error: Error) => this.lines.error({ reason: error.name }, 'log.not-verified'));
      this.ranAt = now;
    }, LOOK_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** @returns undefined when another replica is at it */
  async run(): Promise<VerificationReport | undefined> {
    const turn = new SteadyClient(this.config.DATABASE_URL);
    await turn.connect();
    try {
      const { rows } = await turn.query<{ mine: boolean }>(`SELECT pg_try_advisory_lock(hashtext('log verification')) AS mine`);
      if (!rows[0]?.mine) return undefined;
      await this.log.summarise().catch((error: Error) => this.lines.warn({ reason: error.name }, 'log.not-summarised'));
      const report = await verifyLog({
        databaseUrl: this.config.DATABASE_URL,
        keys: this.keys,
        summaryKey: new SummaryKey(this.config.PATIENT_KEY_SECRET),
        eventLog: this.eventLog,
        serviceDatabases: JSON.parse(this.config.SERVICE_DATABASES) as Record<string, string>,
      });
      await this.tell(report);
      return report;
    } finally {
      await turn.end();
    }
  }

  private async tell({ leaves, checkpoints, findings, unreachable, onTheWay }: VerificationReport): Promise<void> {
    if (unreachable.length > 0) this.lines.warn({ unreachable }, 'log.not-counted');
    if (findings.length === 0) {
      if (unreachable.length === 0) this.verifiedAtMs = Date.now();
      this.lines.info({ leaves, checkpoints, onTheWay }, 'log.verified');
      return;
    }
    const kinds = findings.map(({ kind }) => kind);
    await freeze(this.database.pool, `verification: ${kinds.join(', ')}`);
    failures.add(1);
    this.lines.error({ leaves, checkpoints, kinds }, 'log.verification-failed');
  }
}
