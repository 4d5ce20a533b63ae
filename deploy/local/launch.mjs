import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { registerApplications } from './applications.mjs';
import { databaseUrl, eventLog, makeDatabases, mark, marksOf, migratorOf } from './databases.mjs';
import { prepareKafka, startKafka } from './kafka.mjs';
import { claim, endLeftovers, whenNpmIsGone } from './pid-files.mjs';
import { requireFreePorts } from './ports.mjs';
import { dataFolder, endLeftoverServer, smallMachine, startPostgres } from './postgres.mjs';
import { runToEnd } from './processes.mjs';
import { registerProviders } from './providers.mjs';
import { loadSecrets, writePrivately } from './secrets.mjs';
import { commonEnvironment, providerOffset } from './services.mjs';
import { host, kafkaControllerOffset, kafkaOffset, openHome, postgresOffset } from './settings.mjs';
import { Obstacle, say, step } from './steps.mjs';
import { startService, supervise } from './supervisor.mjs';

const longestStartMs = 120_000;
const superuser = 'postgres';

/** Which Kafka is the log, as the services are told: for commands that reach it too. All empty where PostgreSQL is. */
export const eventLogFile = 'event-log.json';
const withoutKafka = {
  KAFKA_BROKERS: '',
  KAFKA_TLS: '',
  KAFKA_CA_FILE: '',
  KAFKA_SASL_MECHANISM: '',
  KAFKA_SASL_USERNAME: '',
  KAFKA_SASL_PASSWORD: '',
  KAFKA_PLAINTEXT: '',
  KAFKA_PARTITIONS: '',
  KAFKA_REPLICATION: '',
};

/**
 * Starts the database and the services, keeps them running, and stops them in order on Ctrl-C or SIGTERM; at once when it comes twice.
 * @param {import('./settings.mjs').Settings} settings
 * @param {import('./services.mjs').Service[]} services the last is the door: started with the others, stopped before them
 * @param {string} build names the programs; databases are migrated when it is not the one that migrated them last
 * @param {(stack: import('./services.mjs').Stack) => void} onReady
 */
export async function launch(settings, services, build, onReady) {
  const { home } = settings;
  const { stop, stopAtOnce } = stopSignals();
  openHome(home);
  const lock = join(home, 'run/launcher.pid');
  const other = await claimSoon(lock);
  if (other)
    throw new Obstacle(
      `Carespine already runs from ${home}: stop it (kill ${other}), or start another with its own CARESPINE_HOME and CARESPINE_PORT.`,
    );
  /** @type {ReturnType<typeof supervise>[]} */
  const running = [];
  try {
    await unlessStopped(bringUp(settings, services, build, running, stop, onReady), stop);
    await aborted(stop);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    if (running.length) await step('Everything stopped', () => takeDown(running, stopAtOnce));
    rmSync(lock, { force: true });
  }
}

async function bringUp(settings, services, build, running, stop, onReady) {
  const { home, port, people } = settings;
  const url = (name) => `http://${host}:${port + services.find((service) => service.name === name).offset}`;
  const keep = (name, start) => {
    stop.throwIfAborted();
    const supervised = supervise(name, start, say);
    running.push(supervised);
    return supervised;
  };

  await endLeftovers(join(home, 'run'));
  await endLeftoverServer(join(home, dataFolder));
  await requireFreePorts(
    [
      ...services.map(({ offset }) => offset),
      ...(settings.postgresUrl ? [] : [postgresOffset]),
      ...(settings.kafka ? [kafkaOffset, kafkaControllerOffset] : []),
    ].map((offset) => port + offset),
  );

  const databases = services.flatMap(({ database }) => database ?? []);
  const secrets = await step('Secrets and keys', () =>
    loadSecrets(home, [superuser, eventLog, ...databases, ...databases.map(migratorOf)]),
  );
  const [demoApplications, ...moreApplications] = settings.applications;
  const applications = [await registerApplications(home, demoApplications), ...moreApplications];
  const providers = await registerProviders(home, port + providerOffset);
  /** @type {import('./services.mjs').Stack} */
  const stack = { home, publicUrl: `http://${host}:${port}`, secrets, people, applications, providers, url };

  const superuserUrl = settings.postgresUrl ?? (await step('PostgreSQL', () => startDatabaseServer(settings, secrets, keep)));
  await step('Databases and roles', () => makeDatabases(superuserUrl, databases, (role) => secrets.passwords[role]));

  const kafka = settings.kafka
    ? { ...withoutKafka, KAFKA_BROKERS: await startBroker(settings, keep, stop) }
    : Object.fromEntries(Object.keys(withoutKafka).map((name) => [name, process.env[name] ?? '']));
  writePrivately(join(home, eventLogFile), kafka);

  const environmentOf = ({ offset, database, env }, role = database) => ({
    ...process.env,
    HOST: host,
    PORT: String(port + offset),
    ...commonEnvironment(stack),
    ...(database && {
      ...kafka,
      DATABASE_URL: databaseUrl(superuserUrl, { role, password: secrets.passwords[role], database }),
      EVENT_LOG_URL: databaseUrl(superuserUrl, { role: eventLog, password: secrets.passwords[eventLog], database: eventLog }),
    }),
    ...env(stack),
  });
  const logOf = ({ name }) => join(home, 'logs', `${name}.log`);
  const runAsOwner = (what, service, args) =>
    runToEnd(what, process.execPath, args, {
      log: logOf(service),
      env: environmentOf(service, migratorOf(service.database)),
      signal: stop,
    });

  /** @type {Map<import('./services.mjs').Service, import('./databases.mjs').Marks>} */
  const marks = new Map();
  const migrate = async (service) => {
    await runAsOwner(`The migration of ${service.name}`, service, [service.main, 'migrate']);
    await mark(superuserUrl, service.database, { migratedBy: build });
  };
  const loadDemoData = async (service) => {
    await step(`Demo data of ${service.name}`, () => runAsOwner(`Loading the demo data of ${service.name}`, service, service.demoData));
    await mark(superuserUrl, service.database, { demoData: true });
  };
  for (const keeping of services.filter(({ database }) => database)) {
    marks.set(keeping, await marksOf(superuserUrl, keeping.database));
  }
  const unmigrated = [...marks.keys()].filter((service) => marks.get(service).migratedBy !== build);
  if (unmigrated.length) await step('Migrations', () => allOf(unmigrated.map(migrate)));
  for (const service of marks.keys()) if (service.demoData && !marks.get(service).demoData) await loadDemoData(service);

  await step(`${services.length} services`, async () => {
    const started = services.map((service) =>
      keep(service.name, (signal) =>
        startService({ name: service.name, main: service.main, env: environmentOf(service), home, url: url(service.name) }, signal),
      ),
    );
    await Promise.all(started.map((service) => readyInTime(service, home)));
  });
  onReady(stack);
}

/** Waits for all, also when one fails: what is left running would lose the database under it. */
async function allOf(works) {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

/** Gives a launcher that is about to end the time for it. */
async function claimSoon(lock) {
  let holder = claim(lock);
  for (const deadline = Date.now() + 3_000; holder && Date.now() < deadline; holder = claim(lock)) await delay(50);
  return holder;
}

/** @returns {Promise<string>} the superuser's URL */
async function startDatabaseServer({ home, port }, secrets, keep) {
  let superuserUrl = '';
  const start = async (signal) => {
    const server = await startPostgres({
      dataDir: join(home, dataFolder),
      port: port + postgresOffset,
      password: secrets.passwords[superuser],
      settings: smallMachine,
      log: join(home, 'logs/postgres.log'),
      signal,
    });
    superuserUrl = server.superuserUrl;
    return server;
  };
  await keep('PostgreSQL', start).ready;
  return superuserUrl;
}

/** @returns {Promise<string>} `host:port` of the broker */
async function startBroker({ home, port }, keep, stop) {
  const java = await prepareKafka(stop);
  const start = (signal) =>
    startKafka({
      java,
      folder: join(home, 'kafka'),
      port: port + kafkaOffset,
      controllerPort: port + kafkaControllerOffset,
      pidFile: join(home, 'run/kafka.pid'),
      log: join(home, 'logs/kafka.log'),
      signal,
    });
  await step('Kafka', () => keep('Kafka', start).ready);
  return `${host}:${port + kafkaOffset}`;
}

async function readyInTime({ name, ready }, home) {
  let tooLate;
  const limit = new Promise((_, reject) => {
    tooLate = setTimeout(
      () => reject(new Error(`not ready after ${longestStartMs / 1000} s, ${join(home, 'logs', name)}.log says why`)),
      longestStartMs,
    );
  });
  try {
    await Promise.race([ready, limit]);
  } catch (error) {
    throw new Obstacle(`${name} does not start: ${error.message}.`);
  } finally {
    clearTimeout(tooLate);
  }
}

function stopSignals() {
  const stop = new AbortController();
  const stopAtOnce = new AbortController();
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => (stop.signal.aborted ? stopAtOnce : stop).abort());
  }
  whenNpmIsGone(() => stop.abort());
  return { stop: stop.signal, stopAtOnce: stopAtOnce.signal };
}

/** The door first, so that nothing new comes in; then those behind it; then the database and the broker under them. */
async function takeDown(running, stopAtOnce) {
  const isBeneath = ({ name }) => name === 'PostgreSQL' || name === 'Kafka';
  const behind = running.filter((one) => !isBeneath(one));
  const door = behind.pop();
  const hurry = () => running.forEach((one) => void one.stop(0));
  stopAtOnce.addEventListener('abort', hurry, { once: true });
  await door?.stop();
  await Promise.all(behind.map((one) => one.stop()));
  await Promise.all(running.filter(isBeneath).map((one) => one.stop()));
}

const aborted = (signal) =>
  new Promise((resolve) =>
    signal.aborted ? resolve(undefined) : signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );

/** Work that is left off when the signal comes; what it has started is for the caller to stop. */
function unlessStopped(work, stop) {
  work.catch(() => {});
  return Promise.race([
    work,
    aborted(stop).then(() => {
      throw new Error('stopped');
    }),
  ]);
}
