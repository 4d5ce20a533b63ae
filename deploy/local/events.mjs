import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from './applications.mjs';
import { databaseUrl, eventLog } from './databases.mjs';
import { runDeadLetters, usage } from './dead-letters.mjs';
import { eventLogFile } from './launch.mjs';
import { host, postgresOffset, settingsFrom } from './settings.mjs';
import { giveUp, Obstacle } from './steps.mjs';

/*
 * npm run events -- dead-letters …
 *
 * Works on the running copy; on the log that KAFKA_BROKERS (with KAFKA_TLS and the others) or EVENT_LOG_URL names, where one is set.
 */
try {
  const [subject, ...args] = process.argv.slice(2);
  if (subject !== 'dead-letters') throw new Obstacle(usage);
  const { contracts, fromBinary, toJson } = await built('@carespine/contracts');
  const { deadLetters, openEventLog, TOPICS } = await built('@carespine/events');
  const log = openEventLog(configuration(), { service: 'carespine-operator' });
  const jsonOf = (type, payload) => {
    const schema = contracts.getMessage(type);
    return schema && toJson(schema, fromBinary(schema, payload));
  };
  try {
    console.log(await runDeadLetters(args, deadLetters(log), jsonOf, TOPICS));
  } catch (error) {
    throw refusalOf(error);
  } finally {
    await log.close().catch(() => undefined);
  }
  process.exit(0);
} catch (error) {
  giveUp(error);
}

async function built(name) {
  try {
    return (await import(name)).default; // CommonJS, whose names Node.js does not find
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Obstacle('The programs are not built yet: npm start builds them, and so does npx nx run-many -t build.');
  }
}

/** The event log as the services are told of it. */
function configuration() {
  const { env } = process;
  if (env.KAFKA_BROKERS || env.EVENT_LOG_URL) return withFlags(env);
  const { home, port } = settingsFrom(env);
  const file = join(home, eventLogFile);
  if (!existsSync(file)) throw new Obstacle(`${file} is not there: start Carespine with npm start, or name its state folder with CARESPINE_HOME.`);
  const superuserUrl = env.CARESPINE_POSTGRES_URL || `postgres://postgres@${host}:${port + postgresOffset}`;
  const { passwords } = readJson(join(home, 'secrets.json'));
  return withFlags({
    ...readJson(file),
    EVENT_LOG_URL: databaseUrl(superuserUrl, { role: eventLog, password: passwords[eventLog], database: eventLog }),
  });
}

function withFlags(settings) {
  const numbers = Object.fromEntries(['KAFKA_PARTITIONS', 'KAFKA_REPLICATION'].filter((name) => settings[name]).map((name) => [name, Number(settings[name])]));
  return { ...settings, KAFKA_PARTITIONS: undefined, KAFKA_REPLICATION: undefined, ...numbers, KAFKA_TLS: settings.KAFKA_TLS === 'true' };
}

function refusalOf(error) {
  if (error instanceof Obstacle) return error;
  if (error.name === 'DeadLetterRefused') return new Obstacle(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
  const code = error.code ?? error.cause?.code;
  if (!code && !/^KafkaJS/.test(error.name)) return error;
  return new Obstacle(
    `The event log gives no answer (${[error.name, code].filter(Boolean).join(' ')}): start Carespine with npm start, name its port with CARESPINE_PORT, ` +
      'or correct KAFKA_BROKERS and what goes with it.',
  );
}
