import type { Pool } from 'pg';
import type { ConsumerReport, EventLog, RelayReport } from '@carespine/events';
import type { Log } from './log';
import { meter } from './telemetry';

const relayed = meter.createCounter('events_relayed_total', { description: 'Events carried from the outbox to the log' });
const applied = meter.createCounter('events_applied_total', { description: 'Events whose effect is committed' });
const retries = meter.createCounter('events_retries_total', { description: 'Attempts to apply events that failed' });
const deadLetters = meter.createCounter('events_dead_letters_total', { description: 'Events given up and put aside' });

/** What becomes of events, as metrics and log lines. */
export const reportOf = (log: Log): ConsumerReport & RelayReport => ({
  relayed: (events) => relayed.add(events),
  failed: (error) => log.warn({ reason: error.name, code: 'code' in error ? error.code : undefined }, 'relay.failed'),
  applied: (topic, events) => applied.add(events.length, { topic }),
  retried(topic, error) {
    retries.add(1, { topic });
    log.warn({ topic, reason: error.name, code: 'code' in error ? error.code : undefined }, 'event.retried');
  },
  deadLettered(topic, error) {
    deadLetters.add(1, { topic });
    log.error({ topic, reason: error.name }, 'event.dead-lettered');
  },
});

/** How much waits in the outbox, and how long the oldest has; asked when metrics are read. */
export function watchOutbox(pool: Pool): void {
  const depth = meter.createObservableGauge('outbox_depth', { description: 'Events that wait for the relay' });
  const age = meter.createObservableGauge('outbox_oldest_seconds', { description: 'Age of the oldest event that waits', unit: 's' });
  meter.addBatchObservableCallback(
    async (result) => {
      const { rows } = await pool
        .query<{ depth: number; age: number }>(
          'SELECT count(*)::int AS depth, coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float AS age FROM outbox',
        )
        .catch(() => ({ rows: [] }));
      if (!rows[0]) return;
      result.observe(depth, rows[0].depth);
      result.observe(age, rows[0].age);
    },
    [depth, age],
  );
}

/** How far the service is behind each topic that it follows; asked when metrics are read, and left out while the log cannot be reached. */
export function watchLag(log: EventLog, topics: string[]): void {
  if (topics.length === 0) return;
  const lag = meter.createObservableGauge('consumer_lag', { description: 'Events of a topic that the service has yet to apply' });
  lag.addCallback(async (result) => {
    const lags = await log.lag(topics).catch(() => new Map<string, number>());
    for (const [topic, events] of lags) result.observe(events, { topic });
  });
}
