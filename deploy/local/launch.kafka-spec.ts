import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aPlace, removePlaces, startCopy, until, type Place, type StubCopy } from './fixtures/stub-copy';

const copies: StubCopy[] = [];

async function aRunningCopy(place: Place, ...args: string[]): Promise<StubCopy> {
  const copy = startCopy(place, {}, ...args);
  copies.push(copy);
  await copy.says(/^Carespine is ready/m);
  return copy;
}

async function stopped(copy: StubCopy): Promise<number | null> {
  copy.launcher.kill('SIGTERM');
  return copy.ended;
}

async function brokerPid({ home }: Place): Promise<number | undefined> {
  const { recordedProcess } = await import('./pid-files.mjs');
  return recordedProcess(join(home, 'run/kafka.pid'));
}

afterEach(() => Promise.all(copies.splice(0).map((copy) => stopped(copy))));
afterAll(removePlaces);

describe('npm start -- --kafka', () => {
  it('starts a broker, names it to the services, stops it with them, and keeps its data over a second start', async () => {
    const place = await aPlace();
    const first = await aRunningCopy(place, '--kafka');
    expect(first.output()).toMatch(/ s {2}Kafka\n/);
    expect(await first.get('/environment')).toMatchObject({ brokers: `127.0.0.1:${place.port + 11}` });
    expect(await stopped(first)).toBe(0);
    expect(await brokerPid(place)).toBeUndefined();
    await aRunningCopy(place, '--kafka');
  });

  it('starts a broker that died again, under services that go on running', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place, '--kafka');
    process.kill((await brokerPid(place)) ?? 0, 'SIGKILL');
    await copy.says(/^Kafka ended \(signal SIGKILL\): it starts again in 0\.5 s$/m);
    await copy.says(/^Kafka runs again$/m);
    expect(copy.output()).not.toMatch(/wards ended/);
  });

  it('takes its broker with it when it is killed', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place, '--kafka');
    copy.launcher.kill('SIGKILL');
    await until(async () => !(await brokerPid(place)));
  });

  it('blocks no next start when the broker outlives it, even a paused one', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place, '--kafka');
    const orphan = (await brokerPid(place)) ?? 0;
    process.kill(orphan, 'SIGSTOP');
    copy.launcher.kill('SIGKILL');
    await copy.ended;
    const next = await aRunningCopy(place, '--kafka');
    expect(await brokerPid(place)).not.toBe(orphan);
    expect(next.output()).toMatch(/^Carespine is ready/m);
  });

  it('refuses a port that something else holds, by its number', async () => {
    const place = await aPlace();
    const { createServer } = await import('node:net');
    const other = createServer().listen(place.port + 11, '127.0.0.1');
    try {
      const copy = startCopy(place, {}, '--kafka');
      expect(await copy.ended).toBe(1);
      expect(copy.output()).toMatch(new RegExp(`^Port ${place.port + 11} is taken by process ${process.pid} `, 'm'));
    } finally {
      other.close();
    }
  });

  it('says which folder holds data that the broker cannot read', async () => {
    const place = await aPlace();
    await stopped(await aRunningCopy(place, '--kafka'));
    writeFileSync(join(place.home, 'kafka/data/meta.properties'), 'version=1\ncluster.id=another\nnode.id=9\n');
    const copy = startCopy(place, {}, '--kafka');
    expect(await copy.ended).toBe(1);
    expect(copy.output()).toMatch(new RegExp(`^Kafka did not start \\(.*\\): the end of ${place.home}/logs/kafka\\.log says why\\.$`, 'm'));
  });
});
