import { chmodSync, closeSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoteSigner } from '@carespine/transparency-log';

const folders: string[] = [];

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'carespine-launcher-'));
  folders.push(folder);
  return folder;
}

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

describe('the settings of a local copy', () => {
  it('are port 8080 and a state folder in the checkout unless chosen otherwise', async () => {
    const { settingsFrom, root } = await import('./settings.mjs');
    expect(settingsFrom({})).toMatchObject({ port: 8080, home: join(root, '.carespine'), postgresUrl: undefined });
    expect(settingsFrom({ CARESPINE_PORT: '9080', CARESPINE_HOME: '/tmp/second' })).toMatchObject({ port: 9080, home: '/tmp/second' });
  });

  it.each(['web', '0', '-1', '65530', '80.5'])('refuse port %s in one sentence', async (CARESPINE_PORT) => {
    const { settingsFrom } = await import('./settings.mjs');
    expect(() => settingsFrom({ CARESPINE_PORT })).toThrow('CARESPINE_PORT must be a whole number from 1 to 65523.');
  });

  it('add files of people and applications to the demo ones, and name one that is missing', async () => {
    const { settingsFrom } = await import('./settings.mjs');
    const file = join(temporaryFolder(), 'more.json');
    writeFileSync(file, '{}');
    expect(settingsFrom({ CARESPINE_PEOPLE: file }).people).toEqual([expect.stringContaining('deploy/demo/people.json'), file]);
    expect(() => settingsFrom({ CARESPINE_APPLICATIONS: `${file},/nowhere.json` })).toThrow(/\/nowhere\.json, which does not exist/);
  });
});

describe('npm start -- --kafka', () => {
  const elsewhere = /use a broker that runs already: KAFKA_BROKERS=host:port npm start, with KAFKA_TLS, .*KAFKA_SASL_PASSWORD where it asks for them\.$/;

  /** An environment whose only programs are these, each printing a line on the error output. */
  function withPrograms(programs: Record<string, string>): NodeJS.ProcessEnv {
    const folder = temporaryFolder();
    for (const [name, line] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho '${line}' >&2\n`);
      chmodSync(join(folder, name), 0o755);
    }
    return { PATH: folder, XDG_CACHE_HOME: folder };
  }

  it('is a choice of the command line, and PostgreSQL the log without it', async () => {
    const { settingsFrom } = await import('./settings.mjs');
    expect([settingsFrom({}).kafka, settingsFrom({}, ['--kafka']).kafka]).toEqual([false, true]);
    expect(() => settingsFrom({}, ['--kafak'])).toThrow('npm start does not know --kafak: it takes --kafka alone');
  });

  it('is refused beside a broker that is named already', async () => {
    const { settingsFrom } = await import('./settings.mjs');
    expect(() => settingsFrom({ KAFKA_BROKERS: 'a:9092' }, ['--kafka'])).toThrow('give one of them');
  });

  it.each([
    ['no Java', {}, 'Kafka needs Java 17 or later and none was found: install it'],
    ['an old one', { java: 'openjdk version "11.0.2" 2019-01-15' }, 'Kafka needs Java 17 or later and this is Java 11.0.2: install it'],
    ['one of before 2018', { java: 'java version "1.8.0_392"' }, 'this is Java 1.8.0_392'],
    ['no Maven', { java: 'openjdk version "21.0.4" 2024-07-16 LTS' }, 'Kafka is fetched with Maven and there is no mvn on the PATH'],
  ])('with %s says in one sentence what is missing and what to do without it', async (_, programs, sentence) => {
    const { requireKafka } = await import('./kafka-distribution.mjs');
    const refusal = requireKafka(withPrograms(programs));
    await expect(refusal).rejects.toThrow(sentence);
    await expect(refusal).rejects.toThrow(elsewhere);
  });

  it.each(['openjdk version "17" 2021-09-14', 'openjdk version "25.0.2" 2026-01-20'])('takes %s', async (java) => {
    const { findJava } = await import('./kafka-distribution.mjs');
    expect(findJava(withPrograms({ java }))).toMatchObject({ command: 'java' });
  });

  it('names what Maven says when it cannot fetch', async () => {
    const { kafkaJars } = await import('./kafka-distribution.mjs');
    const env = withPrograms({});
    const mvn = join(env['PATH'] ?? '', 'mvn');
    writeFileSync(mvn, '#!/bin/sh\necho "[ERROR] Could not resolve dependencies: no answer."\nexit 1\n');
    chmodSync(mvn, 0o755);
    await expect(kafkaJars(undefined, env)).rejects.toThrow('Maven could not fetch Kafka (Could not resolve dependencies: no answer): see to');
  });
});

describe('Node.js', () => {
  it.each(['20.19.0', '20.20.1', '22.1.0', '100.0.0'])('%s is new enough', async (version) => {
    const { requireNode } = await import('./install.mjs');
    expect(() => requireNode(version)).not.toThrow();
  });

  it.each(['20.18.3', '18.20.0', '20.9.9'])('%s is refused', async (version) => {
    const { requireNode } = await import('./install.mjs');
    expect(() => requireNode(version)).toThrow(`needs Node.js 20.19.0 or later and this is ${version}`);
  });
});

describe('installed packages', () => {
  const wanted = {
    packages: {
      '': { name: 'x' },
      'libs/fhir': { version: '0.1.0' },
      'node_modules/pg': { version: '8.1.0' },
      'node_modules/mac': { version: '1.0.0', optional: true },
    },
  };

  it('are those of the lock file, less the optional ones of other machines', async () => {
    const { isInstalled } = await import('./install.mjs');
    expect(isInstalled(wanted, { packages: { 'libs/fhir': { version: '0.1.0' }, 'node_modules/pg': { version: '8.1.0' } } })).toBe(true);
  });

  it.each([
    ['nothing was installed', undefined],
    ['one is missing', { packages: { 'libs/fhir': { version: '0.1.0' } } }],
    ['one has another version', { packages: { 'libs/fhir': { version: '0.1.0' }, 'node_modules/pg': { version: '8.0.0' } } }],
  ])('are not complete when %s', async (_, present) => {
    const { isInstalled } = await import('./install.mjs');
    expect(isInstalled(wanted, present)).toBe(false);
  });
});

describe('the secrets of a copy', () => {
  it('are made once, kept, readable by their owner alone, and added to when a new role needs a password', async () => {
    const { loadSecrets } = await import('./secrets.mjs');
    const home = temporaryFolder();
    const first = await loadSecrets(home, ['postgres']);
    const second = await loadSecrets(home, ['postgres', 'audit']);
    expect(second).toEqual({ ...first, passwords: { ...first.passwords, audit: expect.stringMatching(/^[\w-]{32}$/) } });
    expect(Buffer.from(first.patientKeySecret, 'base64url')).toHaveLength(32);
    expect(statSync(join(home, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(await loadSecrets(home, ['postgres'])).toEqual(second);
  });

  it('never leave the public half of a key with private members', async () => {
    const { privateJwk, publicJwks } = await import('./secrets.mjs');
    const rsa = await privateJwk('rsa', { alg: 'RS512', modulusLength: 2048 });
    const ed25519 = await privateJwk('ed25519', { alg: 'EdDSA' });
    const [first, second] = publicJwks(rsa, ed25519).keys.map((key) => Object.keys(key).sort());
    expect(first).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(second).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  it('that are no JSON stop the start with the name of the file', async () => {
    const { loadSecrets } = await import('./secrets.mjs');
    const home = temporaryFolder();
    writeFileSync(join(home, 'secrets.json'), '{');
    await expect(loadSecrets(home, [])).rejects.toThrow(`${home}/secrets.json cannot be read`);
  });
});

describe('demo applications', () => {
  it('get a key pair each unless they bring keys; the gateway reads the public half', async () => {
    const { registerApplications } = await import('./applications.mjs');
    const home = temporaryFolder();
    const { openHome } = await import('./settings.mjs');
    openHome(home);
    const source = join(home, 'source.json');
    const own = { clientId: 'brings-keys', jwksUri: 'https://supplier.example/jwks' };
    writeFileSync(source, JSON.stringify({ applications: [{ clientId: 'without-keys' }, own] }));
    const read = async () => JSON.parse(readFileSync(await registerApplications(home, source), 'utf8')).applications;
    const [made, brought] = await read();
    const secret = join(home, 'applications/without-keys.jwk.json');
    expect(brought).toEqual(own);
    expect(made.jwks.keys).toEqual([
      { kty: 'RSA', alg: 'RS512', use: 'sig', kid: JSON.parse(readFileSync(secret, 'utf8')).kid, n: expect.any(String), e: 'AQAB' },
    ]);
    expect(Buffer.from(made.jwks.keys[0].n, 'base64url')).toHaveLength(3072 / 8);
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    expect(await read()).toEqual([made, brought]);
  });
});

describe('the demo sign-ins', () => {
  it('say who a person is, in the words of the file or by the role', async () => {
    const { signIns } = await import('./people.mjs');
    const file = join(temporaryFolder(), 'people.json');
    const roles = [{ roleName: '"Clinical":"Clinical Provision":"Nurse Access Role"', organisation: 'RZZ01' }];
    const people = [
      { id: '555000000101', title: 'Dr', givenName: 'Ngozi', familyName: 'Okafor', about: 'Consultant', roles },
      { id: '555000000102', givenName: 'Ann', familyName: 'Lee', roles },
      { id: '555000000103', givenName: 'No', familyName: 'Role', roles: [] },
    ];
    writeFileSync(file, JSON.stringify({ people }));
    expect(signIns(file)).toEqual([
      '555000000101  Dr Ngozi Okafor: Consultant',
      '555000000102  Ann Lee: Nurse Access Role at RZZ01',
      '555000000103  No Role: no role',
    ]);
  });
});

describe('the organisations that use the platform', () => {
  it('are those of the people files, less the ones marked as not registered', async () => {
    const { registeredOrganisations } = await import('./people.mjs');
    const folder = temporaryFolder();
    const files = [join(folder, 'one.json'), join(folder, 'two.json')];
    writeFileSync(files[0] ?? '', JSON.stringify({ organisations: [{ code: 'RZZ01' }, { code: 'RZZ09', registered: false }] }));
    writeFileSync(files[1] ?? '', JSON.stringify({ organisations: [{ code: 'RZZ01' }, { code: 'Y12345' }], people: [] }));
    expect(registeredOrganisations(files)).toEqual(['RZZ01', 'Y12345']);
  });
});

describe('verifier keys', () => {
  it('are written as those who verify signed notes read them', async () => {
    const { privateJwk, verifierKey } = await import('./secrets.mjs');
    const jwk = await privateJwk('ed25519', { alg: 'EdDSA' });
    expect(verifierKey('example.org/log', 0x01, jwk)).toBe(NoteSigner.ofLog('example.org/log', jwk).verifier.vkey);
    expect(verifierKey('witness.example', 0x04, jwk)).toBe(NoteSigner.ofWitness('witness.example', jwk).verifier.vkey);
  });
});

describe('a place that one process may hold', () => {
  it('is refused while its holder lives and free when it does not, even if its number was given away again', async () => {
    const { claim } = await import('./pid-files.mjs');
    const file = join(temporaryFolder(), 'launcher.pid');
    expect(claim(file)).toBeUndefined();
    expect(claim(file)).toBe(process.pid);
    writeFileSync(file, `${process.pid}\nbegan at another time\n`);
    expect(claim(file)).toBeUndefined();
    writeFileSync(file, '');
    expect(claim(file)).toBeUndefined();
  });
});

describe('a log', () => {
  it.each([
    [50 * 1024 * 1024, 'is added to'],
    [50 * 1024 * 1024 + 1, 'starts anew'],
  ])('of %i bytes %s', async (bytes, what) => {
    const { openLog } = await import('./processes.mjs');
    const file = join(temporaryFolder(), 'service.log');
    writeFileSync(file, '');
    truncateSync(file, bytes);
    closeSync(openLog(file));
    expect(statSync(file).size).toBe(what === 'starts anew' ? 0 : bytes);
  });
});

describe('the services of a stack', () => {
  it('have a port each, the private context key goes to the gateway alone, and the key of the log to audit', async () => {
    const { services, commonEnvironment } = await import('./services.mjs');
    const { loadSecrets } = await import('./secrets.mjs');
    const home = temporaryFolder();
    const url = (name: string): string => `http://127.0.0.1/${name}`;
    const stack = { home, publicUrl: 'http://127.0.0.1:8080', secrets: await loadSecrets(home, []), people: [], applications: ['a'], providers: { certificates: 'c', registry: 'r' }, url };
    expect(new Set(services.map(({ offset }) => offset)).size).toBe(services.length);
    expect(services.at(-1)).toMatchObject({ name: 'gateway', offset: 0 });
    const secret = stack.secrets.contextKey.d ?? '';
    const holders = services.filter(({ env }) => JSON.stringify({ ...commonEnvironment(stack), ...env(stack) }).includes(secret));
    expect(holders.map(({ name }) => name)).toEqual(['gateway']);
    const signer = stack.secrets.logSigningKey.d ?? '';
    expect(services.filter(({ env }) => JSON.stringify(env(stack)).includes(signer)).map(({ name }) => name)).toEqual(['audit']);
  });
});
