import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import startTestPostgres from './jest-postgres.mjs';
import { prepareKafka, startKafka, twoFreePorts } from './kafka.mjs';
import { restartRequest } from './test-broker.mjs';

/**
 * jest's globalSetup: the database server of a run and one broker, for tests that may kill it: see test-broker.mjs.
 * Sets TEST_KAFKA_BROKERS, TEST_KAFKA_PID (of the first broker) and TEST_KAFKA_HOME.
 */
export default async function startTestKafka() {
  const java = await prepareKafka();
  const home = mkdtempSync(join(tmpdir(), 'carespine-test-kafka-'));
  const [port, controllerPort] = await twoFreePorts();
  const start = () => startKafka({ java, folder: join(home, 'kafka'), port, controllerPort, pidFile: join(home, 'broker.pid'), log: join(home, 'log') });
  let broker = await start();
  process.env.TEST_KAFKA_HOME = home;
  process.env.TEST_KAFKA_BROKERS = broker.brokers;
  process.env.TEST_KAFKA_PID = String(broker.pid);
  await startTestPostgres();

  let isOver = false;
  const kept = keep();
  globalThis.testKafka = {
    async stop() {
      isOver = true;
      await broker.stop(5_000); // one that a test left paused is forced
      await kept;
      rmSync(home, { recursive: true, force: true });
    },
  };

  /** Tests run in processes of their own; the broker stays the child of this one, and so ends with it. */
  async function keep() {
    for (;;) {
      await broker.exited;
      while (!isOver && !existsSync(restartRequest(home))) await delay(20);
      if (isOver) return;
      broker = await start();
      rmSync(restartRequest(home));
    }
  }
}
