import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deadLetters, openEventLog, type EventLogConfig } from '@carespine/events';
import { eventually } from '@carespine/test-kit';
import { asAdmin, newestMessage } from './kafka-broker';
import { emit, keepsTheContract, TestService, TOPIC } from './log-contract';

const config = async (): Promise<EventLogConfig> => ({ KAFKA_BROKERS: process.env['TEST_KAFKA_BROKERS'] ?? '' });

describe('at least once on the way, exactly once in effect: on Kafka', () => {
  keepsTheContract(config);
});

describe('what only Kafka can do to events', () => {
  let service: TestService;
  beforeEach(async () => {
    service = await TestService.start(await config());
  });
  afterEach(() => service.stop());

  it('a message that is no event is put aside, and its partition goes on', async () => {
    service.relay();
    service.consume();
    const [before, after] = [service.event('before'), service.event('after')] as const;
    await service.log.append([before, { ...service.event('stray'), id: 'not an id' }, { ...service.event('stray'), type: 'a\0b' }, after]);
    await service.expectEffects([before, after]);
    const letters = deadLetters(service.log);
    await eventually(async () => {
      const ours = (await letters.list()).filter(({ consumer }) => consumer === service.name);
      expect(ours.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['no event: ce_id', 'no event: header']));
    }, 30_000);
    const [stray] = (await letters.list()).filter(({ consumer }) => consumer === service.name);
    await expect(letters.replay({ id: stray?.id ?? '' })).rejects.toThrow('is no event');
  });

  it('stops at once also while it waits for a broker that takes connections and answers nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const log = openEventLog({ KAFKA_BROKERS: `127.0.0.1:${(silent.address() as AddressInfo).port}` }, { service: 'test' });
    log.subscribe([TOPIC], () => Promise.resolve());
    await once(silent, 'connection');
    const begun = performance.now();
    await log.close();
    expect(performance.now() - begun).toBeLessThan(1_000);
    silent.close();
  });

  it('is handed out again from the beginning when its offsets are lost, and applies nothing again that the inbox has forgotten', async () => {
    const replica = service.consume();
    const [first, second] = [service.event('first'), service.event('second')] as const;
    await service.log.append([first]);
    await service.expectEffects([first]);
    await replica.stop();
    await service.pool.query('DELETE FROM inbox');
    await asAdmin((admin) => admin.deleteGroups([service.name]));
    service.consume();
    await service.log.append([second]);
    await service.expectEffects([first, second]);
  });

  it('applies what comes to a topic that was made again, although its positions are behind the place', async () => {
    const { rowCount } = await service.pool.query("INSERT INTO kafka_place SELECT $1, partition, 1000000, '2026-01-01' FROM generate_series(0, 2) AS partition", [TOPIC]);
    expect(rowCount).toBe(3);
    service.consume();
    const sent = [service.event('first'), service.event('second')];
    await service.log.append(sent);
    await service.expectEffects(sent);
    expect(service.failures).toContain('TopicMadeAgain');
  });

  it('sets aside what the broker will never take, and carries the rest', async () => {
    const [before, tooLarge, after] = [service.event('before'), service.event('too large'), service.event('after')] as const;
    await service.outbox.append([before, { ...tooLarge, payload: Buffer.alloc(1_200_000) }, after]);
    service.relay();
    service.consume();
    await service.expectEffects([before, after]);
    await eventually(async () => expect(service.refused).toEqual([`${tooLarge.id} MESSAGE_TOO_LARGE`]), 30_000);
    const { rows } = await service.pool.query('SELECT event_id, refusal, octet_length(payload) AS bytes FROM outbox_refused');
    expect(rows).toEqual([{ event_id: tooLarge.id, refusal: 'MESSAGE_TOO_LARGE', bytes: 1_200_000 }]);
    expect((await service.pool.query('SELECT FROM outbox')).rowCount).toBe(0);
  });

  it('puts a message aside by its place alone that another wrote, too large for a letter', async () => {
    service.relay();
    service.consume(async (events) => {
      if (events.some(service.isOurs)) throw new Error('cannot be applied');
    });
    const large = { ...service.event('large'), payload: Buffer.alloc(910_000) };
    await service.log.append([large]);
    const letters = deadLetters(service.log);
    await eventually(async () => {
      const [letter] = (await letters.list()).filter(({ id, consumer }) => id === large.id && consumer === service.name);
      expect(letter?.reason).toMatch(/^Error; 910000 bytes at demographics\.patient\.v1\/\d\/\d+$/);
      expect((await letters.show(letter?.id ?? ''))[0]?.payload).toHaveLength(0);
    }, 30_000);
  });

  it('carries attributes as CloudEvents binds them to Kafka', async () => {
    await service.log.append([service.event('body')]);
    const { headers } = await newestMessage(service);
    const texts = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
    expect(texts).toMatchObject({ ce_specversion: '1.0', ce_source: `/carespine/${TOPIC}`, ce_type: 'carespine.test.v1.Tested', 'content-type': 'application/protobuf' });
  });

  it('carries a batch that is larger than a broker takes at once', async () => {
    service.relay();
    service.consume(async (events, tx) => service.write(events.filter(service.isOurs).map((event) => ({ ...event, payload: event.payload.subarray(0, 3) })), tx));
    const sent = Array.from({ length: 12 }, (_, i) => service.event(`${100 + i}${'x'.repeat(890_000)}`));
    await service.outbox.append(sent);
    await service.expectEffects(sent.map((event) => ({ ...event, payload: event.payload.subarray(0, 3) })));
  });
});

describe('under load, when', () => {
  let service: TestService;
  beforeEach(async () => {
    service = await TestService.start(await config());
    service.relay();
    service.consume();
    service.consume();
  });
  afterEach(() => service.stop());

  it('the broker is killed and comes back, no event is lost or doubled, and each patient keeps their order', async () => {
    const { testBroker } = await import('../../deploy/local/test-broker.mjs');
    const broker = testBroker();
    const sending = emit(service, 3000, 10);
    await delay(400);
    await broker.kill();
    await delay(1000);
    await broker.restart();
    await service.expectEffects(await sending);
    expect(service.givenUp).toEqual([]);
  });

  it('the broker is paused for longer than a session and goes on, the same holds', async () => {
    const { testBroker } = await import('../../deploy/local/test-broker.mjs');
    const broker = testBroker();
    const sending = emit(service, 3000, 10);
    await delay(400);
    broker.pause();
    try {
      await delay(12_000);
    } finally {
      broker.resume();
    }
    await service.expectEffects(await sending);
    expect(service.givenUp).toEqual([]);
  });

  it('a consumer is stopped for longer than its session and comes back, the same holds', async () => {
    const zombie = service.doomed('never', 0);
    try {
      await delay(6_000); // for it to have joined
      const sending = emit(service, 2000, 10);
      await delay(300);
      zombie.kill('SIGSTOP');
      await delay(12_000);
      zombie.kill('SIGCONT');
      await service.expectEffects(await sending);
    } finally {
      zombie.kill('SIGKILL');
    }
  }, 120_000);
});
