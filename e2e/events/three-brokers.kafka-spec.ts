import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { emit, TestService } from './log-contract';

interface Broker {
  pid: number;
  brokers: string;
  exited: Promise<string>;
  stop(): Promise<void>;
}

/** As clusters are: three copies, of which two must have an event. Leaders go with a broker, and come back behind it. */
describe('a cluster of three brokers', () => {
  const home = mkdtempSync(join(tmpdir(), 'carespine-cluster-'));
  const brokers: Broker[] = [];
  let start: (node: number) => Promise<Broker>;
  let service: TestService;

  beforeAll(async () => {
    const { newClusterId, prepareKafka, startKafka, twoFreePorts } = await import('../../deploy/local/kafka.mjs');
    const [java, clusterId] = [await prepareKafka(), newClusterId()];
    const ports = [await twoFreePorts(), await twoFreePorts(), await twoFreePorts()] as [number, number][];
    const voters = ports.map(([, controllerPort], i) => `${i + 1}@127.0.0.1:${controllerPort}`).join();
    start = (node) => {
      const [port, controllerPort] = ports[node] ?? [0, 0];
      const folder = join(home, String(node));
      return startKafka({
        ...{ java, clusterId, port, controllerPort, folder, pidFile: join(home, `${node}.pid`), log: join(home, `${node}.log`) },
        properties: `node.id=${node + 1}
controller.quorum.voters=${voters}
offsets.topic.replication.factor=3
leader.imbalance.check.interval.seconds=1
leader.imbalance.per.broker.percentage=0
`,
      });
    };
    brokers.push(...(await Promise.all([0, 1, 2].map(start))));
    service = await TestService.start({ KAFKA_BROKERS: brokers.map((broker) => broker.brokers).join(), KAFKA_REPLICATION: 3 });
  }, 120_000);
  afterAll(async () => {
    await service?.stop();
    await Promise.all(brokers.map((broker) => broker.stop()));
    rmSync(home, { recursive: true, force: true });
  }, 60_000);

  it('loses no event, doubles none and keeps the order while leaders move under load: brokers are killed and come back, one after the other', async () => {
    service.relay();
    service.consume();
    const sending = emit(service, 6000, 5);
    for (const node of [0, 1, 2]) {
      await delay(1500);
      const broker = brokers[node] as Broker;
      process.kill(broker.pid, 'SIGKILL');
      await broker.exited;
      await delay(1000);
      brokers[node] = await start(node);
      await delay(2500); // its leaders return
    }
    await service.expectEffects(await sending);
    expect(service.givenUp).toEqual([]);
  }, 180_000);
});
