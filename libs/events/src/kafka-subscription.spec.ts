import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { openEventLog } from './open-event-log';

it('a subscription stops at once, also while it waits for a broker that takes connections and answers nothing', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const log = openEventLog({ KAFKA_BROKERS: `127.0.0.1:${(silent.address() as AddressInfo).port}` }, { service: 'test' });
  log.subscribe(['audit.access.v1'], () => Promise.resolve());
  await once(silent, 'connection');
  const begun = performance.now();
  await log.close();
  expect(performance.now() - begun).toBeLessThan(1_000);
  silent.close();
});
