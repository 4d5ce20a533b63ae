import { createConnection } from 'node:net';

const accepts = (brokers: string): Promise<boolean> =>
  new Promise((tell) => {
    const [host, port] = brokers.split(':');
    const socket = createConnection({ host: host ?? '', port: Number(port) });
    const answer = (is: boolean): void => {
      socket.destroy();
      tell(is);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });

describe('the broker of a test run', () => {
  it('can be killed, and comes back on the same port', async () => {
    const { testBroker } = await import('./test-broker.mjs');
    const broker = testBroker();
    const first = broker.pid();
    expect(await accepts(broker.brokers)).toBe(true);
    await broker.kill();
    expect(await accepts(broker.brokers)).toBe(false);
    await broker.restart();
    expect(await accepts(broker.brokers)).toBe(true);
    expect(broker.pid()).not.toBe(first);
  });
});
