import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { ConsumerReport, EventLog, RelayReport } from '@carespine/events';
import type { Log } from './log';
import { meter } from './telemetry';

const relayed = meter.createCounter('events_relayed_total', { description: 'Events carried from the outbox to the log' });
const applied = meter.createCounter('events_applied_total', { description: 'Events whose effect is committed' });
const refused = meter.createCounter('events_refused_total', { description: 'Events that the log will never take, kept beside the outbox' });
const retries = meter.createCounter('events_retries_total', { description: 'Attempts to apply events that failed by their own fault' });
const deadLetters = meter.createCounter('events_dead_letters_total', { description: 'Events given up and put aside' });

const codeOf = (error: Error): unknown => ('code' in error ? error.code : undefined);

/** What becomes of events, as metrics and log lines. */
export const reportOf = (log: Log): ConsumerReport & RelayReport => ({
  relayed: (events) => relayed.add(events),
  failed: (error) => log.warn({ reason: error.name, code: codeOf(error) }, 'relay.failed'),
  refused({ topic, id }, error) {
    refused.add(1, { topic });
    log.error({ topic, event: id, reason: error.message }, 'event.refused');
  },
  applied: (topic, events) => applied.add(events.length, { topic }),
  retried(topic, error) {
    retries.add(1, { topic });
    log.warn({ topic, reason: error.name, code: codeOf(error) }, 'event.retried');
  },
  awaited: (topic, error) => log.warn({ topic, reason: error.name, code: codeOf(error) }, 'event.awaited'),
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
          'SELECT count(*)::int AS depth, coalesce(extract(epoch FROM now() - min(added_at)), 0)::float AS age FROM outbox',
        )
        .catch(() => ({ rows: [] }));
      if (!rows[0]) return;
      result.observe(depth, rows[0].depth);
      result.observe(age, rows[0].age);
    },
    [depth, age],
  );
}

/** Whoever reads metrics waits no longer for a log that does not answer. */
const LONGEST_LOOK_MS = 2_000;

/** How far the service is behind each topic that it follows; asked when metrics are read, and left out while the log cannot be reached. */
export function watchLag(log: EventLog, topics: string[]): void {
  if (topics.length === 0) return;
  const lag = meter.createObservableGauge('consumer_lag', { description: 'Events of a topic that the service has yet to apply' });
  lag.addCallback(async (result) => {
    const nothing = new Map<string, number>();
    const lags = await Promise.race([log.lag(topics).catch(() => nothing), setTimeout(LONGEST_LOOK_MS, nothing, { ref: false })]);
    for (const [topic, events] of lags) result.observe(events, { topic });
  });
}
