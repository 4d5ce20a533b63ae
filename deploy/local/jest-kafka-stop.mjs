import stopTestPostgres from './jest-postgres-stop.mjs';

/** jest's globalTeardown: stops what jest-kafka.mjs started. */
export default async function stopTestKafka() {
  await globalThis.testKafka?.stop();
  await stopTestPostgres();
}
