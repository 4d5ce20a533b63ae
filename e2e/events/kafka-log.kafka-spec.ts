import { setTimeout as delay } from 'node:timers/promises';
import { deadLetters, type EventLogConfig } from '@carespine/events';
import { eventually } from '@carespine/test-kit';
import { emit, keepsTheContract, TestService } from './log-contract';

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
    await expect(letters.replay(stray?.id ?? '')).rejects.toThrow('is no event');
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
