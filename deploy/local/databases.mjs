import pg from 'pg';
import { Obstacle } from './steps.mjs';

/** Role that owns a service's database and runs its migrations; the service itself signs in as a role of the database's name. */
export const migratorOf = (/** @type {string} */ database) => `${database}_migrator`;

/** Database of the event log; its only role owns it, as the log adds partitions while it runs. */
export const eventLog = 'event_log';

/**
 * Makes what is missing of the databases and roles. A service's role reads and writes rows; it can neither change tables nor enter
 * another service's database.
 * @param {string} superuserUrl
 * @param {string[]} databases of the services, named as their roles
 * @param {(role: string) => string} passwordOf
 */
export async function makeDatabases(superuserUrl, databases, passwordOf) {
  await connected(superuserUrl, async (server) => {
    for (const database of [...databases, eventLog]) {
      const owner = database === eventLog ? eventLog : migratorOf(database);
      for (const role of new Set([owner, database])) await makeRole(server, role, passwordOf(role));
      const { rowCount } = await server.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
      if (!rowCount) await server.query(`CREATE DATABASE ${name(database)} OWNER ${name(owner)}`);
      await server.query(`REVOKE ALL ON DATABASE ${name(database)} FROM PUBLIC`);
      await server.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${name(database)} TO ${name(database)}`);
    }
  });
  await Promise.all(databases.map((database) => connected(inDatabase(superuserUrl, database), (client) => grantRows(client, database))));
}

/**
 * What was done to a database, kept as its comment, so that it lives and dies with the data.
 * @typedef {{ migratedBy?: string, demoData?: boolean }} Marks `migratedBy`: the build whose migrations ran last
 *
 * @param {string} superuserUrl
 * @param {string} database
 * @returns {Promise<Marks>}
 */
export async function marksOf(superuserUrl, database) {
  return connected(superuserUrl, async (server) => {
    const { rows } = await server.query(`SELECT shobj_description(oid, 'pg_database') AS marks FROM pg_database WHERE datname = $1`, [
      database,
    ]);
    return rows[0]?.marks?.startsWith('{') ? JSON.parse(rows[0].marks) : {};
  });
}

/** Adds to the marks of a database. */
export async function mark(superuserUrl, database, marks) {
  const all = { ...(await marksOf(superuserUrl, database)), ...marks };
  await connected(superuserUrl, (server) =>
    server.query(`COMMENT ON DATABASE ${name(database)} IS ${pg.escapeLiteral(JSON.stringify(all))}`),
  );
}

/** The URL of one role in one database of the server that the superuser's URL names. */
export function databaseUrl(superuserUrl, { role, password, database }) {
  const url = new URL(inDatabase(superuserUrl, database));
  url.username = role;
  url.password = password;
  return url.href;
}

async function makeRole(server, role, password) {
  const { rowCount } = await server.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  await server.query(`${rowCount ? 'ALTER' : 'CREATE'} ROLE ${name(role)} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
}

async function grantRows(client, database) {
  const made = `ALTER DEFAULT PRIVILEGES FOR ROLE ${name(migratorOf(database))} GRANT`;
  const service = name(database);
  await client.query(`${made} SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${service}`);
  await client.query(`${made} USAGE, SELECT ON SEQUENCES TO ${service}`);
  await client.query(`${made} USAGE ON SCHEMAS TO ${service}`);
}

function inDatabase(superuserUrl, database) {
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function connected(url, work) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // the query in hand reports it
  try {
    await client.connect();
  } catch (error) {
    throw new Obstacle(refusal(new URL(url), error));
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function refusal({ host }, error) {
  if (error.code === '28P01')
    return `PostgreSQL at ${host} refuses the superuser's password: put back the secrets.json that its data were made with, or remove both.`;
  return `PostgreSQL at ${host} cannot be reached (${error.code ?? error.message}): start it, or correct CARESPINE_POSTGRES_URL.`;
}

const name = (/** @type {string} */ text) => pg.escapeIdentifier(text);
