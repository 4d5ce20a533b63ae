import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, recordedProcess } from './pid-files.mjs';

/** A file that asks jest-kafka.mjs for a new broker on the data of one that ended; gone when the new one serves. */
export const restartRequest = (/** @type {string} */ home) => join(home, 'restart');

/** The broker of the jest project `kafka`, for tests that do to it what machines do to brokers. Leave it running. */
export function testBroker() {
  const home = process.env.TEST_KAFKA_HOME;
  const brokers = process.env.TEST_KAFKA_BROKERS;
  if (!home || !brokers) throw new Error('TEST_KAFKA_BROKERS is not set: run the tests on Kafka through `npm test -- kafka`');
  const pid = () => recordedProcess(join(home, 'broker.pid')) ?? 0;
  return {
    /** `host:port`, the same after a restart. */
    brokers,
    /** Its process now; 0 when there is none. */
    pid,
    /** SIGKILL; resolves when it is gone. */
    async kill() {
      const victim = pid();
      process.kill(victim, 'SIGKILL');
      while (identityOf(victim)) await delay(10);
    },
    /** SIGSTOP: it keeps its connections and answers nothing. */
    pause: () => void process.kill(pid(), 'SIGSTOP'),
    resume: () => void process.kill(pid(), 'SIGCONT'),
    /** After {@link kill}: the same port, the same data; resolves when it accepts connections. */
    async restart() {
      writeFileSync(restartRequest(home), '');
      while (existsSync(restartRequest(home))) await delay(20);
    },
  };
}
