import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newEvent, openEventLog, prepareEventLog, type EventLogConfig } from '@carespine/events';

const PASSWORD = 'of the tests';

/** A broker that lets nobody in who does not speak TLS and sign in, as clusters are. */
describe('a broker with TLS and SASL, by the settings that deploy/kafka tells', () => {
  const home = mkdtempSync(join(tmpdir(), 'carespine-secured-kafka-'));
  const authority = join(home, 'authority.pem');
  let settings: EventLogConfig;
  let stop = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    const { prepareKafka, startKafka, twoFreePorts } = await import('./kafka.mjs');
    const java = await prepareKafka();
    const [port = 0, controllerPort = 0] = await twoFreePorts();
    const [securePort] = await twoFreePorts();
    const store = join(home, 'broker.p12');
    const keytool = (...args: string[]): Buffer =>
      execFileSync(join(dirname(java.command), 'keytool'), [...args, '-alias', 'broker', '-keystore', store, '-storepass', PASSWORD], { stdio: 'pipe' });
    keytool('-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=broker', '-ext', 'SAN=ip:127.0.0.1', '-ext', 'BC=ca:true', '-storetype', 'PKCS12');
    keytool('-exportcert', '-rfc', '-file', authority);
    const broker = await startKafka({
      ...{ java, folder: join(home, 'kafka'), port, controllerPort, pidFile: join(home, 'pid'), log: join(home, 'log') },
      properties: `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort},SASL_SSL://127.0.0.1:${securePort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},SASL_SSL://127.0.0.1:${securePort}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
ssl.keystore.type=PKCS12
ssl.keystore.location=${store}
ssl.keystore.password=${PASSWORD}
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_audit="${PASSWORD}";
`,
    });
    stop = () => broker.stop();
    settings = {
      ...{ KAFKA_BROKERS: `127.0.0.1:${securePort}`, KAFKA_TLS: true, KAFKA_CA_FILE: authority },
      ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'audit', KAFKA_SASL_PASSWORD: PASSWORD },
    };
  }, 60_000);
  afterAll(async () => {
    await stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('is written to and read', async () => {
    await prepareEventLog(settings);
    const log = openEventLog(settings, { service: 'audit' });
    const event = newEvent({ topic: 'audit.staff.v1', type: 'carespine.audit.v1.StaffRecordLinked', key: 'k', payload: Buffer.from('x') });
    await log.append([event]);
    expect((await log.history('audit.staff.v1')).map(({ id }) => id)).toEqual([event.id]);
    await log.close();
  });

  it.each([
    ['a wrong password', { KAFKA_SASL_PASSWORD: 'wrong' }],
    ['nobody signed in', { KAFKA_SASL_MECHANISM: undefined }],
    ['an authority that is not known', { KAFKA_CA_FILE: undefined }],
    ['no TLS', { KAFKA_TLS: false }],
  ])('refuses %s', async (_, wrong) => {
    await expect(prepareEventLog({ ...settings, ...wrong } as EventLogConfig)).rejects.toThrow();
  });
});
