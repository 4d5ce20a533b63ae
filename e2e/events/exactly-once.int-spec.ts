import { Client, Pool, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { Consumer, CreateOutboxAndInbox20261124080000, migrateEventLog, newEvent, Outbox, PostgresEventLog, Relay, type Apply, type Event } from '@carespine/events';
import { aDatabase, eventually, type TestDatabase } from '@carespine/test-kit';

const TOPIC = 'demographics.patient.v1';

describe('at least once on the way, exactly once in effect', () => {
  let databases: TestDatabase[];
  let pool: Pool;
  let logPool: Pool;
  let log: PostgresEventLog;
  let outbox: Outbox;
  const running: { stop(): Promise<void> }[] = [];
  const report = { relayed: () => undefined, failed: () => undefined, applied: () => undefined, retried: () => undefined, deadLettered: jest.fn() };

  beforeEach(async () => {
    databases = await Promise.all([aDatabase('service'), aDatabase('log')]);
    const [service, eventLog] = databases as [TestDatabase, TestDatabase];
    const source = await new DataSource({ type: 'postgres', url: service.url, migrations: [CreateOutboxAndInbox20261124080000] }).initialize();
    await source.runMigrations();
    await source.destroy();
    await migrateEventLog(eventLog.url);
    pool = new Pool({ connectionString: service.url });
    logPool = new Pool({ connectionString: eventLog.url });
    log = new PostgresEventLog(logPool, eventLog.url);
    outbox = new Outbox(pool);
    await pool.query('CREATE TABLE effects (n bigint GENERATED ALWAYS AS IDENTITY, body text)');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
    await log.close();
    await pool.end();
    await Promise.all(databases.map((database) => database.drop()));
  });

  const event = (body: string, key = 'k'): Event => newEvent({ topic: TOPIC, type: 'test', key, payload: Buffer.from(body) });
  const effect: Apply = async (events, tx: PoolClient) => {
    for (const one of events) {
      if (Buffer.from(one.payload).toString() === 'poison') throw new Error('cannot be applied');
      await tx.query('INSERT INTO effects (body) VALUES ($1)', [Buffer.from(one.payload).toString()]);
    }
  };
  const relay = (): void => start(new Relay(pool, outbox, log, report));
  const consume = (apply = effect): void => start(new Consumer(TOPIC, apply, log, pool, outbox, report));
  function start(one: { start(): void; stop(): Promise<void> }): void {
    one.start();
    running.push(one);
  }
  const effects = async (): Promise<string[]> => (await pool.query<{ body: string }>('SELECT body FROM effects ORDER BY n')).rows.map((row) => row.body);

  it('carries events in order from outbox to effect', async () => {
    relay();
    consume();
    const bodies = Array.from({ length: 500 }, (_, i) => String(i));
    for (const body of bodies) void outbox.append([event(body)]);
    await eventually(async () => expect(await effects()).toHaveLength(500));
    expect(await effects()).toEqual(bodies);
    expect((await pool.query('SELECT FROM outbox')).rowCount).toBe(0);
  });

  it('applies an event once that the log holds twice', async () => {
    const twice = event('once');
    await log.append([twice, event('other')]);
    await log.append([twice]);
    consume();
    await log.append([event('last')]);
    await eventually(async () => expect(await effects()).toContain('last'));
    expect(await effects()).toEqual(['once', 'other', 'last']);
  });

  it('lets two replicas of a service share a topic without doing anything twice', async () => {
    consume();
    consume();
    await log.append(Array.from({ length: 300 }, (_, i) => event(String(i))));
    await eventually(async () => expect(await effects()).toHaveLength(300));
    expect(new Set(await effects()).size).toBe(300);
  });

  it('puts a poison message aside, and goes on', async () => {
    relay();
    consume();
    await log.append([event('before'), event('poison'), event('after')]);
    await eventually(async () => expect(await effects()).toEqual(['before', 'after']));
    await eventually(async () => {
      const letters = await log.read(`${TOPIC}.dead-letter`, 0n, 10);
      expect(letters.map((letter) => [Buffer.from(letter.payload).toString(), letter.reason])).toEqual([['poison', 'Error']]);
    });
    expect(report.deadLettered).toHaveBeenCalledTimes(1);
  });

  it('sends nothing of a transaction that is rolled back', async () => {
    relay();
    const tx = await pool.connect();
    await tx.query('BEGIN');
    await outbox.add(tx, [event('never')]);
    await tx.query('ROLLBACK');
    tx.release();
    await outbox.append([event('yes')]);
    await eventually(async () => expect((await log.read(TOPIC, 0n, 10)).map((one) => Buffer.from(one.payload).toString())).toEqual(['yes']));
  });

  it('drains in order when the log comes back', async () => {
    await logPool.query('ALTER TABLE event_log RENAME TO away');
    relay();
    for (let i = 0; i < 20; i++) await outbox.append([event(String(i))]);
    expect((await pool.query('SELECT FROM outbox')).rowCount).toBe(20);
    const repair = new Client({ connectionString: databases[1]?.url });
    await repair.connect();
    await repair.query('ALTER TABLE away RENAME TO event_log');
    await repair.end();
    await eventually(async () => expect(await log.read(TOPIC, 0n, 100)).toHaveLength(20), 15_000);
    expect((await log.read(TOPIC, 0n, 100)).map((one) => Buffer.from(one.payload).toString())).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });
});
