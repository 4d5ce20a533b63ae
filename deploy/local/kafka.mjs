import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findJava, kafkaJars } from './kafka-distribution.mjs';
import { endProcess, recordedProcess, recordProcess } from './pid-files.mjs';
import { requireFreePorts } from './ports.mjs';
import { startProcess } from './processes.mjs';
import { host, root } from './settings.mjs';
import { Obstacle, step } from './steps.mjs';

/** Serial collection and the quick compiler: a broker for one machine that starts in a second and stays small. */
const jvmFlags = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  `-Dlog4j2.configurationFile=${join(root, 'deploy/kafka/log4j2.properties')}`,
];

/**
 * What it takes to run a broker here, fetched and made at the first use; takes some seconds then.
 * @param {AbortSignal} [signal] ends it
 * @returns {Promise<Java>}
 *
 * @typedef {object} Java
 * @property {string} command
 * @property {string} classPath
 * @property {string} archive of loaded classes, which halves the time of a start
 */
export async function prepareKafka(signal) {
  const { command, version } = findJava();
  const { folder, classPath } = await kafkaJars(signal);
  const java = { command, classPath, archive: join(folder, `classes-${version}.jsa`) }; // Java reads only what the same Java wrote
  if (!existsSync(java.archive)) await step('Kafka: its class archive', () => makeArchive(java, signal));
  return java;
}

/**
 * Starts a single-node broker, making its data folder at first, and returns when it accepts connections.
 * A broker that a killed launcher left is stopped before.
 * @param {object} options
 * @param {Java} options.java see {@link prepareKafka}
 * @param {string} options.folder keeps the data and the broker's settings
 * @param {number} options.port
 * @param {number} options.controllerPort
 * @param {string} options.pidFile by which a later start finds this broker
 * @param {string} options.log file that the broker's messages are added to
 * @param {AbortSignal} [options.signal] ends the broker also while it is starting
 * @param {string[]} [options.flags] of the JVM
 * @param {string} [options.properties] more of the broker's settings, or others in place of those that it is given here
 * @param {string} [options.clusterId] of several brokers, that they are one cluster
 * @throws {Obstacle} when a person must do something first
 * @returns {Promise<import('./processes.mjs').Running & { brokers: string }>} `exited` tells when the broker ends
 */
export async function startKafka({ java, folder, port, controllerPort, pidFile, log, signal, flags = [`-XX:SharedArchiveFile=${java.archive}`], properties = '', clusterId = newClusterId() }) {
  await endLeftoverBroker(pidFile);
  mkdirSync(folder, { recursive: true });
  const settings = join(folder, 'server.properties');
  const data = join(folder, 'data');
  const propertiesIn = (folderOfData) => `${propertiesOf({ data: folderOfData, port, controllerPort })}${properties}`;
  if (!existsSync(data)) format({ java, data, settings, propertiesIn, clusterId });
  writeFileSync(settings, propertiesIn(data));

  const logged = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const broker = startProcess(java.command, [...jvmFlags, ...flags, '-cp', java.classPath, 'kafka.Kafka', settings], { cwd: folder, log, graceMs: 15_000 });
  recordProcess(pidFile, broker.pid);
  const releaseGuard = guard(broker.pid);
  let how;
  const exited = broker.exited.then((outcome) => {
    how = outcome;
    releaseGuard();
    if (recordedProcess(pidFile) === undefined) rmSync(pidFile, { force: true });
    return outcome;
  });
  const stop = () => void broker.stop();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  while (how === undefined && !(await accepts(port))) await delay(20);
  signal?.removeEventListener('abort', stop);
  if (how !== undefined) throw refusal(readFileSync(log).subarray(logged).toString(), how, { port, log });
  return { ...broker, exited, brokers: `${host}:${port}` };
}

/** Ends a broker that a killed launcher left. */
export async function endLeftoverBroker(pidFile) {
  const pid = recordedProcess(pidFile);
  if (pid) await endProcess(pid, 'SIGTERM', 'SIGKILL', 10_000);
  rmSync(pidFile, { force: true });
}

/** `=1` wherever copies are counted, as there is one node; few partitions of its own topics, for a quick first start. */
function propertiesOf({ data, port, controllerPort }) {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${host}:${controllerPort}
listeners=PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}
advertised.listeners=PLAINTEXT://${host}:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${data}
# the log is what projections are made anew from: it keeps every event
log.retention.ms=-1
num.partitions=3
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
# a service that was off for more than 7 days need not read everything anew
offsets.retention.minutes=525600
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
# a broker that was killed is let in again after 3 s, not 9
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
`;
}

export function newClusterId() {
  const id = randomBytes(16);
  id[0] &= 0x7f; // its text would be taken for an option if it began with a dash
  return id.toString('base64url');
}

/** Made aside and renamed when it is whole: a folder that bears the name can be started. */
function format({ java, data, settings, propertiesIn, clusterId }) {
  const unfinished = `${data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(settings, propertiesIn(unfinished));
  const { status, stdout, stderr } = spawnSync(
    java.command,
    [...jvmFlags, '-Xshare:auto', '-cp', java.classPath, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings],
    { cwd: dirname(settings), encoding: 'utf8' },
  );
  if (status !== 0) throw new Obstacle(`Kafka's data could not be made in ${data}: ${lastLine(`${stdout}${stderr}`) ?? `code ${status}`}.`);
  renameSync(unfinished, data);
}

/** Java 17 writes the archive as a run ends that was told to; the run is a broker's whole life in a folder of its own. */
async function makeArchive(java, signal) {
  const folder = mkdtempSync(join(tmpdir(), 'carespine-kafka-'));
  try {
    const [port, controllerPort] = await twoFreePorts();
    const unfinished = `${java.archive}.${process.pid}`;
    const broker = await startKafka({
      ...{ java, folder, port, controllerPort, pidFile: join(folder, 'broker.pid'), log: join(folder, 'log') },
      signal,
      flags: [`-XX:ArchiveClassesAtExit=${unfinished}`],
    });
    await broker.stop(60_000);
    if (existsSync(unfinished)) renameSync(unfinished, java.archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Below those that connections are given: one could take a broker's place while it is down, or a client be connected with itself. */
export async function twoFreePorts() {
  for (;;) {
    const first = randomInt(30_000, 32_700);
    const ports = [first, first + 1];
    const areFree = await requireFreePorts(ports).then(
      () => true,
      () => false,
    );
    if (areFree) return ports;
  }
}

/** Stops the broker when this process dies without doing so: the shell's input ends, and with it the read. */
function guard(pid) {
  const shell = spawn('/bin/sh', ['-c', `read -r _; kill -TERM ${pid}`], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.on('error', () => {});
  shell.unref();
  shell.stdin.unref?.();
  return () => void shell.kill('SIGKILL');
}

/** @returns {Promise<boolean>} whether something listens: the broker opens its port when it may serve */
const accepts = (port) =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host });
    const tell = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', () => tell(false));
    socket.setTimeout(1_000, () => tell(false));
  });

function refusal(messages, how, { port, log }) {
  if (/Address already in use|Socket server failed to bind/.test(messages))
    return new Obstacle(`Port ${port} is taken: stop what uses it, or choose other ports with CARESPINE_PORT.`);
  if (/Failed to acquire lock on file/.test(messages)) return new Obstacle('Another Kafka broker uses the same data folder: stop it first.');
  return new Obstacle(`Kafka did not start (${lastLine(messages) ?? how}): the end of ${log} says why.`);
}

const lastLine = (text) =>
  text
    .trim()
    .split('\n')
    .filter((line) => /ERROR|FATAL|Exception|error/.test(line))
    .at(-1)
    ?.replace(/^.*?(ERROR|FATAL)\s*/, '')
    .replace(/\.$/, '');
