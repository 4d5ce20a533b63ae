import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { inTransaction } from '@carespine/events';
import { Database, LOG, type Log } from '@carespine/service-kit';
import { BackgroundLoop } from '../background-loop';
import { londonDay } from '../london';
import { COUNT_ENQUIRIES, COUNT_HOURS } from './activity-counts';

const EVERY_MS = 500;
const BATCH = 5000;
/** Access reports are searchable this long. @see audit specification, "Retention" */
const KEPT = `interval '24 months'`;

/** Follows the log and counts its accesses, each once: the counts and the place reached commit together. Replicas take turns. */
@Injectable()
export class ActivityCounter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    @Inject(LOG) log: Log,
  ) {
    this.loop = new BackgroundLoop('activity-counter', EVERY_MS, async () => (await inTransaction(this.database.pool, (tx) => this.countNext(tx))) === BATCH, log);
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.loop.stop();
  }

  /** @returns how many leaves were passed */
  private async countNext(tx: PoolClient): Promise<number> {
    const { rows } = await tx.query<{ next_leaf: string; tail: string; pruned_on: string }>({
      name: 'activity-cursor',
      text: `SELECT next_leaf, (SELECT next_index FROM log_tail) AS tail, pruned_on::text FROM activity_cursor FOR UPDATE SKIP LOCKED`,
    });
    if (!rows[0]) return 0;
    const from = Number(rows[0].next_leaf);
    // places become visible in order, so that all below the tail are there
    const to = Math.min(Number(rows[0].tail), from + BATCH);
    if (to > from) {
      await tx.query({ name: 'count-hours', text: COUNT_HOURS, values: [from, to] });
      await tx.query({ name: 'count-enquiries', text: COUNT_ENQUIRIES, values: [from, to] });
      await tx.query('UPDATE activity_cursor SET next_leaf = $1', [to]);
    }
    const today = londonDay(new Date());
    if (rows[0].pruned_on < today) {
      await tx.query(`DELETE FROM activity_by_hour WHERE hour < now() - ${KEPT}`);
      await tx.query(`DELETE FROM enquiries_by_day WHERE day < now() - ${KEPT}`);
      await tx.query('UPDATE activity_cursor SET pruned_on = $1', [today]);
    }
    return to - from;
  }
}
