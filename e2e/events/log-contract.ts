import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import {
  Consumer,
  deadLetters,
  EVENT_MIGRATIONS,
  newEvent,
  openEventLog,
  Outbox,
  PostgresEffectStore,
  PostgresOutboxStore,
  prepareEventLog,
  pruneInbox,
  Relay,
  steadyPool,
  type Apply,
  type Event,
  type EventLog,
  type EventLogConfig,
  type ReceivedEvent,
} from '@carespine/events';
import { aDatabase, eventually, type TestDatabase } from '@carespine/test-kit';

import type { CrashPoint, Doom } from './fixtures/doomed-service';

export const TOPIC = 'demographics.patient.v1';
const PATIENCE_MS = 45_000;

/** A service with an outbox, an inbox and effects in a database of its own. Several tests share a log: each sees only what has its keys. */
export class TestService {
  readonly name = `test-${randomUUID().slice(0, 8)}`;
  readonly pool: Pool;
  readonly outbox: Outbox;
  readonly log: EventLog;
  readonly failures: string[] = [];
  readonly refused: string[] = [];
  /** Strays of other tests on the same log apart. */
  readonly givenUp: string[] = [];
  private readonly running = new Set<{ stop(): Promise<void> }>();

  private constructor(
    readonly config: EventLogConfig,
    private readonly database: TestDatabase,
    readonly keys = randomUUID().slice(0, 8),
    statementTimeoutMs = 10_000,
  ) {
    this.pool = new Pool({ connectionString: database.url, max: 20, ...steadyPool(statementTimeoutMs) });
    this.pool.on('error', () => undefined);
    this.outbox = new Outbox(this.pool);
    this.log = this.openLog();
  }

  static async start(config: EventLogConfig, keys?: string, statementTimeoutMs?: number): Promise<TestService> {
    const database = await aDatabase('service');
    const source = await new DataSource({ type: 'postgres', url: database.url, migrations: EVENT_MIGRATIONS }).initialize();
    await source.runMigrations();
    await source.query('CREATE TABLE effects (n bigint GENERATED ALWAYS AS IDENTITY, key text, body text)');
    await source.destroy();
    await prepareEventLog(config);
    return new TestService(config, database, keys, statementTimeoutMs);
  }

  openLog(): EventLog {
    return openEventLog(this.config, { service: this.name, pool: this.pool, failed: (_, error) => this.failures.push(error.name) });
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  event(body: string, key = 'k', more: Partial<Event> = {}): Event {
    return newEvent({ topic: TOPIC, type: 'carespine.test.v1.Tested', key: `${this.keys}-${key}`, payload: Buffer.from(body), ...more });
  }

  relay(): Relay {
    const report = {
      relayed: () => undefined,
      failed: (error: Error) => void this.failures.push(error.name),
      refused: ({ id }: Event, error: Error) => void this.refused.push(`${id} ${error.message}`),
    };
    const relay = new Relay(new PostgresOutboxStore(this.pool), this.log, report);
    this.outbox.whenCommitted(() => relay.ring());
    relay.start();
    this.running.add(relay);
    return relay;
  }

  /** A replica, whose log is its own: on Kafka, a member of the group. */
  consume(apply: Apply = this.effect): { stop(): Promise<void> } {
    const log = this.openLog();
    const failed = (_: string, error: Error): void => void this.failures.push(error.name);
    const deadLettered = (_: string, error: Error): void => void (error.name !== 'NoEvent' && this.givenUp.push(error.name));
    const report = { applied: () => undefined, retried: failed, awaited: failed, deadLettered };
    const consumer = new Consumer(this.name, new Map([[TOPIC, apply]]), new PostgresEffectStore(this.pool, this.outbox), report);
    log.subscribe([TOPIC], (delivery) => consumer.deliver(delivery));
    const replica = {
      stop: async () => {
        this.running.delete(replica);
        await log.close();
      },
    };
    this.running.add(replica);
    return replica;
  }

  /** A replica in a process of its own, which ends by SIGKILL where it is said. */
  async dieAt(at: CrashPoint, after: number): Promise<void> {
    expect(await once(this.doomed(at, after), 'exit')).toEqual([null, 'SIGKILL']);
  }

  doomed(at: CrashPoint, after: number): ChildProcess {
    const doom: Doom = { config: this.config, databaseUrl: this.databaseUrl, service: this.name, topic: TOPIC, keys: this.keys, at, after };
    const fixture = (name: string): string => join(__dirname, 'fixtures', name);
    return spawn(process.execPath, ['-r', fixture('run-typescript.cjs'), fixture('doomed-service.ts'), JSON.stringify(doom)], { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  isOurs = ({ key }: Event): boolean => key.startsWith(this.keys);

  effect: Apply = async (events, tx) => {
    const ours = events.filter(this.isOurs);
    if (ours.some((event) => bodyOf(event) === 'poison')) throw new Error('cannot be applied');
    await this.write(ours, tx);
  };

  async write(events: ReceivedEvent[], tx: PoolClient): Promise<void> {
    await tx.query('INSERT INTO effects (key, body) SELECT * FROM unnest($1::text[], $2::text[])', [events.map(({ key }) => key), events.map(bodyOf)]);
  }

  async effects(): Promise<string[]> {
    return (await this.pool.query<{ body: string }>('SELECT body FROM effects ORDER BY n')).rows.map(({ body }) => body);
  }

  /** Every body once, and those of each key in their order. */
  async expectEffects(sent: Event[]): Promise<void> {
    await eventually(async () => expect((await this.effects()).length).toBeGreaterThanOrEqual(sent.length), PATIENCE_MS);
    const { rows } = await this.pool.query<{ key: string; body: string }>('SELECT key, body FROM effects ORDER BY n');
    for (const key of new Set(sent.map((event) => event.key))) {
      expect(rows.filter((row) => row.key === key).map(({ body }) => body)).toEqual(sent.filter((event) => event.key === key).map(bodyOf));
    }
    expect(rows).toHaveLength(sent.length);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running].map((one) => one.stop()));
    await this.log.close();
    await this.pool.end();
    await this.database.drop();
  }
}

export const bodyOf = (event: Event): string => Buffer.from(event.payload).toString();

/** A thousand events of twenty patients, as a stream that takes a while. */
export async function emit(service: TestService, count: number, pauseEvery = 50): Promise<Event[]> {
  const sent: Event[] = [];
  for (let i = 0; i < count; i++) {
    const event = service.event(String(i), `patient-${i % 20}`);
    sent.push(event);
    void service.outbox.append([event]);
    if (i % pauseEvery === pauseEvery - 1) await delay(5);
  }
  return sent;
}

/** What every log keeps, whichever it is. */
export function keepsTheContract(configOf: () => Promise<EventLogConfig>): void {
  let service: TestService;
  const others: TestService[] = [];
  beforeEach(async () => {
    service = await TestService.start(await configOf());
  });
  afterEach(async () => {
    await Promise.all([service, ...others.splice(0)].map((one) => one?.stop()));
  });

  it('carries events in order from outbox to effect, and tells how many', async () => {
    service.relay();
    service.consume();
    const sent = await emit(service, 1000);
    await service.expectEffects(sent);
    await eventually(async () => expect((await service.pool.query('SELECT FROM outbox')).rowCount).toBe(0));
    expect((await service.pool.query('SELECT topic, carried FROM outbox_tally')).rows).toEqual([{ topic: TOPIC, carried: '1000' }]);
    await eventually(async () => expect(await service.log.lag([TOPIC])).toEqual(new Map([[TOPIC, 0]])));
  });

  it('hands out an event as it was appended', async () => {
    const received: ReceivedEvent[] = [];
    service.consume(async (events) => void received.push(...events.filter(service.isOurs)));
    const event = service.event('body', 'k', { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
    await service.log.append([event]);
    await eventually(async () => expect(received).toHaveLength(1), PATIENCE_MS);
    expect({ ...received[0], payload: bodyOf(received[0] as Event) }).toMatchObject({ ...event, payload: 'body' });
  });

  it('applies an event once that the log holds twice, also when it comes late', async () => {
    const [twice, other, last] = [service.event('once'), service.event('other'), service.event('last')] as const;
    await service.log.append([twice, other]);
    await service.log.append([twice, other]);
    service.consume();
    await service.expectEffects([twice, other]);
    await service.log.append([other, twice, last, twice]);
    await service.expectEffects([twice, other, last]);
  });

  it('sends nothing of a transaction that is rolled back', async () => {
    service.relay();
    service.consume();
    const tx = await service.pool.connect();
    await tx.query('BEGIN');
    await service.outbox.add(tx, [service.event('never')]);
    await tx.query('ROLLBACK');
    tx.release();
    const yes = service.event('yes');
    await service.outbox.append([yes]);
    await service.expectEffects([yes]);
  });

  it('puts a poison message aside, and goes on with the rest of its partition', async () => {
    service.relay();
    service.consume();
    const [before, poison, after] = [service.event('before'), service.event('poison'), service.event('after')] as const;
    await service.log.append([before, poison, after]);
    await service.expectEffects([before, after]);
    await eventually(async () => {
      const letters = (await deadLetters(service.log).list({ topic: TOPIC })).filter(({ id }) => id === poison.id);
      expect(letters).toMatchObject([{ id: poison.id, topic: TOPIC, type: poison.type, consumer: service.name, reason: 'Error', state: 'open' }]);
    }, PATIENCE_MS);
    expect(service.givenUp).toHaveLength(1);
  });

  it('applies a replayed dead letter once, in the service that could not apply it', async () => {
    const other = await TestService.start(service.config, service.keys);
    others.push(other);
    let isMended = false;
    service.relay();
    const replica = service.consume(async (events, tx) => {
      if (!isMended && events.some((event) => bodyOf(event) === 'hard' && service.isOurs(event))) throw new TypeError('not yet');
      await service.write(events.filter(service.isOurs), tx);
    });
    other.consume();
    const [hard, soft] = [service.event('hard'), service.event('soft')] as const;
    await service.log.append([hard, soft]);
    await other.expectEffects([hard, soft]);
    const letters = deadLetters(service.log);
    await eventually(async () => expect((await letters.list()).map(({ id }) => id)).toContain(hard.id), PATIENCE_MS);
    expect((await letters.show(hard.id)).map(({ payload }) => Buffer.from(payload).toString())).toEqual(['hard']);

    isMended = true;
    await other.pool.query('DELETE FROM inbox'); // as if it were long ago
    expect(await letters.replay({ id: hard.id })).toMatchObject([{ id: hard.id, state: 'replayed' }]);
    await expect(letters.replay({ id: hard.id })).rejects.toThrow(`dead letter ${hard.id} is replayed already`);
    expect(await letters.list({ state: 'replayed' })).toEqual(expect.arrayContaining([expect.objectContaining({ id: hard.id })]));
    const last = service.event('last');
    await service.log.append([{ ...hard, consumer: service.name }, last]); // replayed twice, as after a crash in between
    await eventually(async () => expect([...(await service.effects())].sort()).toEqual(['hard', 'last', 'soft']), PATIENCE_MS);
    await other.expectEffects([hard, soft, last]);
    await replica.stop();
  });

  it('discards a dead letter with a note, and refuses what is not there', async () => {
    service.relay();
    service.consume();
    const poison = service.event('poison');
    await service.log.append([poison]);
    const letters = deadLetters(service.log);
    await eventually(async () => expect((await letters.list()).map(({ id }) => id)).toContain(poison.id), PATIENCE_MS);
    await letters.discard({ id: poison.id }, 'made by a test');
    expect((await letters.list()).map(({ id }) => id)).not.toContain(poison.id);
    expect(await letters.show(poison.id)).toMatchObject([{ state: 'discarded', note: 'made by a test' }]);
    await expect(letters.replay({ id: poison.id })).rejects.toThrow('discarded already');
    await expect(letters.show(randomUUID())).rejects.toThrow('there is no dead letter');
  });

  it('remembers a replay of an old event, and forgets what cannot come again', async () => {
    service.consume();
    const old = service.event('old', 'k', { id: '01800000-0000-7000-8000-000000000001' });
    await service.log.append([old]);
    await service.expectEffects([old]);
    await pruneInbox(service.pool);
    await service.log.append([old]);
    const next = service.event('next');
    await service.log.append([next]);
    await service.expectEffects([old, next]);
    await pruneInbox(service.pool, new Date(Date.now() + 31 * 86_400_000));
    expect((await service.pool.query('SELECT FROM inbox')).rowCount).toBe(0);
  });

  it('lets two replicas of a service share a topic without doing anything twice', async () => {
    service.relay();
    service.consume();
    service.consume();
    await service.expectEffects(await emit(service, 1000));
  });

  it('waits for a database whose connections break, and gives up no event for it', async () => {
    service.relay();
    service.consume();
    let isOver = false;
    const breaking = (async () => {
      while (!isOver) {
        await service.pool
          .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()')
          .catch(() => undefined);
        await delay(150);
      }
    })();
    const sent: Event[] = [];
    for (let i = 0; i < 200; i++) {
      const event = service.event(String(i), `patient-${i % 20}`);
      sent.push(event);
      await delay(5);
      await eventually(() => service.outbox.append([event]).catch((error: Error) => void expect(error).toBeUndefined()));
    }
    isOver = true;
    await breaking;
    await eventually(async () => expect(new Set(await service.effects()).size).toBe(200), PATIENCE_MS);
    expect(service.givenUp).toEqual([]);
  });

  it('waits for a lock that is held for longer than a statement may take, and gives up no event for it', async () => {
    const patient = await TestService.start(service.config, undefined, 300);
    others.push(patient);
    const sent = [patient.event('first'), patient.event('second')];
    const frozen = await patient.pool.connect();
    await frozen.query('BEGIN');
    await frozen.query('INSERT INTO inbox (event_id) VALUES ($1)', [sent[0]?.id]);
    patient.consume();
    await patient.log.append(sent);
    await eventually(async () => expect(patient.failures.length).toBeGreaterThan(5), PATIENCE_MS);
    await frozen.query('ROLLBACK');
    frozen.release();
    await patient.expectEffects(sent);
    expect(patient.givenUp).toEqual([]);
    expect((await deadLetters(patient.log).list({ topic: TOPIC })).filter(({ consumer }) => consumer === patient.name)).toEqual([]);
  });

  it('puts an event aside whose handler swallowed the failure of a statement: nothing of it can have been written', async () => {
    service.relay();
    service.consume(async (events, tx) => {
      await service.write(events.filter(service.isOurs), tx);
      if (events.some((event) => bodyOf(event) === 'swallowed')) await tx.query('SELECT 1/0').catch(() => undefined);
    });
    const [swallowed, after] = [service.event('swallowed'), service.event('after')] as const;
    await service.log.append([swallowed, after]);
    await service.expectEffects([after]);
    await eventually(async () => expect((await deadLetters(service.log).list()).map(({ id }) => id)).toContain(swallowed.id), PATIENCE_MS);
  });

  it('ends a transaction that stands still, so that whoever waits for its locks goes on', async () => {
    const { rows } = await service.pool.query("SELECT name, setting FROM pg_settings WHERE name = ANY('{idle_in_transaction_session_timeout,tcp_keepalives_idle}') ORDER BY 1");
    expect(rows).toEqual([
      { name: 'idle_in_transaction_session_timeout', setting: '30000' },
      { name: 'tcp_keepalives_idle', setting: '10' },
    ]);
  });

  it('leaves the outbox to its successor when it is stopped under load, and nothing is lost', async () => {
    await service.outbox.append(Array.from({ length: 20_000 }, (_, i) => service.event(String(i), `patient-${i % 20}`)));
    const relay = service.relay();
    await eventually(async () => expect((await service.pool.query('SELECT FROM outbox_tally')).rowCount).toBe(1), PATIENCE_MS);
    await relay.stop();
    const count = async (sql: string): Promise<number> => Number((await service.pool.query<{ n: string }>(sql)).rows[0]?.n);
    const waiting = await count('SELECT count(*) AS n FROM outbox');
    expect(waiting).toBeGreaterThan(0);
    expect((await count('SELECT carried AS n FROM outbox_tally')) + waiting).toBe(20_000);
  });

  it('loses and doubles nothing, and keeps the order, when the relay and the consumer are killed at each of their points', async () => {
    const sent = await emit(service, 2000, 2000);
    await service.dieAt('appended', 500);
    service.relay();
    for (const at of ['handed-out', 'applied', 'committed'] as const) await service.dieAt(at, 200);
    service.consume();
    await service.expectEffects(sent);
    expect(service.givenUp).toEqual([]);
  }, 240_000);

  it('does nothing twice when replicas come while a batch is being applied', async () => {
    service.relay();
    let isBeingApplied = false;
    service.consume(async (events, tx) => {
      isBeingApplied = events.some(service.isOurs);
      await delay(1500);
      await service.effect(events, tx);
    });
    const sent = await emit(service, 200, 200);
    await eventually(async () => expect(isBeingApplied).toBe(true), PATIENCE_MS);
    service.consume();
    service.consume();
    await service.expectEffects(sent);
  });

  it('keeps every event and its order while replicas join and leave twenty times', async () => {
    service.relay();
    service.consume();
    const sending = emit(service, 3000, 25);
    for (let i = 0; i < 20; i++) {
      const replica = service.consume();
      await delay(120);
      await replica.stop();
    }
    await service.expectEffects(await sending);
    expect(service.givenUp).toEqual([]);
  }, 240_000);
}
