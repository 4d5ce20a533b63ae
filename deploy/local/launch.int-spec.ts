import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { aPlace, postgresPid, removePlaces, startCopy, startCopyByNpm, until, type Place, type StubCopy } from './fixtures/stub-copy';

const ready = /^Carespine is ready/m;
const copies: StubCopy[] = [];

async function aRunningCopy(place: Place, env: NodeJS.ProcessEnv = {}): Promise<StubCopy> {
  const copy = startCopy(place, env);
  copies.push(copy);
  await copy.says(ready);
  return copy;
}

async function stopped(copy: StubCopy): Promise<number | null> {
  copy.launcher.kill('SIGTERM');
  return copy.ended;
}

async function identityOf(pid: number): Promise<string | undefined> {
  const { identityOf: identity } = await import('./pid-files.mjs');
  return identity(pid);
}

afterEach(async () => {
  await Promise.all(copies.splice(0).map((copy) => stopped(copy)));
});

afterAll(removePlaces);

describe('a copy', () => {
  it('starts from nothing, loads the demo data once, and keeps its data over a stop and a second start', async () => {
    const place = await aPlace();
    const first = await aRunningCopy(place);
    expect(await first.get('/rows')).toBe(1);
    expect(first.output()).toMatch(/ s {2}Demo data of wards\n/);
    expect(await stopped(first)).toBe(0);

    const second = await aRunningCopy(place);
    expect(second.output()).not.toMatch(/Demo data|Migrations/);
    expect(await second.get('/rows')).toBe(1);
  });

  it('migrates its databases when the programs are another build', async () => {
    const place = await aPlace();
    await stopped(await aRunningCopy(place));
    const next = await aRunningCopy(place, { STUB_BUILD: 'second' });
    expect(next.output()).toMatch(/ s {2}Migrations\n/);
    expect(next.output()).not.toMatch(/Demo data/);
  });

  it('gives a service a login that reads and writes rows and cannot change tables', async () => {
    const copy = await aRunningCopy(await aPlace());
    expect(await copy.get('/forbidden')).toBe('must be owner of table visit');
  });

  it('gives services public keys only, and the address of the door', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place);
    expect(await copy.get('/environment')).toMatchObject({
      publicUrl: `http://127.0.0.1:${place.port}`,
      jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' }] },
    });
  });

  it('runs beside another of another port and state folder', async () => {
    const [here, there] = [await aPlace(), await aPlace()];
    const both = await Promise.all([aRunningCopy(here), aRunningCopy(there)]);
    await stopped(both[0]);
    expect(await both[1].get('/rows')).toBe(1);
  });

  it('finishes open requests before it stops, the door first and the database last', async () => {
    const copy = await aRunningCopy(await aPlace());
    const open = copy.get('/slow');
    await until(async () => (await copy.get('/open')) === 1);
    expect(await stopped(copy)).toBe(0);
    await expect(open).resolves.toBe('finished');
  });

  it('stops in the middle of a start, leaving nothing behind', async () => {
    const place = await aPlace();
    const copy = startCopy(place);
    await copy.says(/PostgreSQL\n/);
    expect(await stopped(copy)).toBe(0);
    expect(() => postgresPid(place)).toThrow('ENOENT');
  });
});

describe('what dies is started again', () => {
  it('a service that ends, with a line that says so', async () => {
    const copy = await aRunningCopy(await aPlace());
    await copy.get('/crash').catch(() => undefined);
    await copy.says(/^wards ended \(code 7\): it starts again in 0\.5 s$/m);
    await copy.says(/^wards runs again$/m);
    expect(await copy.get('/rows')).toBe(1);
    await copy.get('/crash').catch(() => undefined);
    await copy.says(/^wards ended \(code 7\): it starts again in 1 s$/m);
  });

  it('the database server, under services that go on running', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place);
    process.kill(postgresPid(place), 'SIGKILL');
    await copy.says(/^PostgreSQL ended \(signal SIGKILL\): it starts again in 0\.5 s$/m);
    await copy.says(/^PostgreSQL runs again$/m);
    expect(await copy.get('/rows')).toBe(1);
    expect(copy.output()).not.toMatch(/wards ended/);
  });
});

describe('a killed launcher', () => {
  it('takes its services and its database server with it', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place);
    const { pid } = (await copy.get('/environment')) as { pid: number };
    const server = postgresPid(place);
    copy.launcher.kill('SIGKILL');
    await until(async () => !(await identityOf(pid)) && !(await identityOf(server)));
  });

  it('blocks no next start, even when a service and the server outlive it', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place, { STUB_STUBBORN: 'yes' });
    const { pid } = (await copy.get('/environment')) as { pid: number };
    copy.launcher.kill('SIGKILL');
    await copy.ended;
    const next = await aRunningCopy(place);
    expect(await identityOf(pid)).toBeUndefined();
    expect(await next.get('/rows')).toBe(1);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('started by npm, stops when npm is ended by %s, which npm tells nobody', async (signal) => {
    const place = await aPlace();
    const npm = startCopyByNpm(place);
    await npm.says(ready);
    const { pid } = (await npm.get('/environment')) as { pid: number };
    const server = postgresPid(place);
    npm.launcher.kill(signal);
    await until(async () => !(await identityOf(pid)) && !(await identityOf(server)));
  });

  it('is not confused with a process that has its number now', async () => {
    const place = await aPlace();
    for (const name of ['launcher', 'wards']) writeFileSync(join(place.home, 'run', `${name}.pid`), `${process.pid}\nanother process\n`);
    expect(await stopped(await aRunningCopy(place))).toBe(0);
  });
});

describe('an obstacle is told in one sentence that says what to do', () => {
  async function refusal(place: Place, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const copy = startCopy(place, env);
    expect(await copy.ended).toBe(1);
    const lines = copy
      .output()
      .trim()
      .split('\n')
      .filter((line) => !/^ *([\d.]+ s|failed) {2}/.test(line));
    expect(lines).toHaveLength(1);
    return lines[0] ?? '';
  }

  it.each([0, 3, 10])('a taken port: CARESPINE_PORT + %i', async (offset) => {
    const place = await aPlace();
    const squatter = createServer().listen(place.port + offset, '127.0.0.1');
    const sentence = await refusal(place);
    expect(sentence).toContain(`Port ${place.port + offset} is taken`);
    expect(sentence).toContain('or choose other ports with CARESPINE_PORT.');
    squatter.close();
  });

  it('a copy that runs from the same state folder', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place);
    expect(await refusal(place)).toBe(
      `Carespine already runs from ${place.home}: stop it (kill ${copy.launcher.pid}), or start another with its own CARESPINE_HOME and CARESPINE_PORT.`,
    );
  });

  it('a state folder that cannot be made', async () => {
    const place = await aPlace();
    const file = join(place.home, 'file');
    writeFileSync(file, '');
    expect(await refusal({ ...place, home: join(file, 'home') })).toMatch(
      /^The state folder .* cannot be written \(ENOTDIR\): .* CARESPINE_HOME\.$/,
    );
  });

  it('secrets that do not fit the data', async () => {
    const place = await aPlace();
    await stopped(await aRunningCopy(place));
    const file = join(place.home, 'secrets.json');
    const secrets = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...secrets, passwords: {} }));
    expect(await refusal(place)).toMatch(/refuses the superuser's password: put back the secrets\.json/);
  });

  it('a service that cannot start, with the log that says why', async () => {
    const place = await aPlace();
    const copy = startCopy(place, { STUB_FAILS: 'wards' });
    expect(await copy.ended).toBe(1);
    expect(copy.output()).toContain(`\nwards does not start: code 3 before it was ready, ${place.home}/logs/wards.log says why.\n`);
  });

  it('a server of your own that cannot be reached', async () => {
    const place = await aPlace();
    expect(await refusal(place, { CARESPINE_POSTGRES_URL: `postgres://postgres@127.0.0.1:${place.port + 10}/postgres` })).toMatch(
      /^PostgreSQL at .* cannot be reached \(ECONNREFUSED\): start it, or correct CARESPINE_POSTGRES_URL\.$/,
    );
  });
});

describe('CARESPINE_POSTGRES_URL', () => {
  it('uses a server that runs already in place of the embedded one', async () => {
    const place = await aPlace();
    const copy = await aRunningCopy(place, { CARESPINE_POSTGRES_URL: process.env['TEST_POSTGRES_URL'] });
    expect(await copy.get('/rows')).toBe(1);
    expect(copy.output()).not.toMatch(/PostgreSQL/);
    expect(() => postgresPid(place)).toThrow('ENOENT');
  });
});
