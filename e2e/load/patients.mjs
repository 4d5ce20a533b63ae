import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { format, measure, report } from './measure.mjs';
import { startPlatform } from './platform.mjs';
import { memoryMb } from './processes.mjs';

const BASE = '/personal-demographics/FHIR/R4/Patient';
const REQUESTS = 400;

const pick = (items) => items[Math.floor(Math.random() * items.length)];
const many = (make) => Array.from({ length: REQUESTS }, make);

/**
 * Fills a platform with patients, and measures each scenario through the gateway beside a bare handler on the same database.
 *
 * @param {{ patients: string, user: string, scenarios: string[], seconds: number, connections: number[], port: number }} options
 */
export async function loadPatients({ patients, user, scenarios, seconds, connections, port }) {
  const platform = await startPlatform(port);
  try {
    const { groups, url } = platform;
    platform.run('population', ['--patients', patients]);
    const people = await sample(platform.databaseUrl('demographics'));
    const bare = await platform.startBare('bare.mjs', 'demographics');
    const requests = scenariosOf({ token: platform.token(['--user', user, '--aal', '3']), people });
    const memory = memoryMb(groups);
    console.log(`\n${patients} patients; memory at rest (MB): ${format(memory)} in all ${Object.values(memory).reduce((sum, mb) => sum + mb, 0)}`);

    const results = {};
    for (const count of connections) {
      const of = (load) => measure({ connections: count, ...load });
      const bareLoad = { url: bare.url, requests: bareRequests(people), groups: bare.groups };
      await of({ ...bareLoad, seconds: 2 });
      const reference = await of({ ...bareLoad, seconds });
      report(`bare, ${count} connections`, reference);
      results[`bare ${count}`] = reference;
      for (const name of scenarios) {
        const load = { url, requests: requests[name], groups };
        await of({ ...load, seconds: 2 });
        const result = await of({ ...load, seconds });
        const drained = await drain(platform);
        report(`${name}, ${count} connections`, result, reference);
        console.log(`    outbox and audit caught up ${drained.toFixed(2)} s after the last answer; memory (MB): ${format(memoryMb(groups))}`);
        results[`${name} ${count}`] = { ...result, ratio: result.perSecond / reference.perSecond, drained };
      }
    }
    const steady = await measure({ url, requests: requests.search, groups, connections: 4, seconds, perSecond: 50 });
    report('search at 50/s', steady);
    bare.stop();
    return { ...results, 'search at 50/s': steady };
  } finally {
    await platform.stop();
  }
}

/**
 * Requests of each scenario, as autocannon takes them.
 *
 * @param {{ token: string, people: { nhsNumber: string, family: string, birthDate: string }[] }} facts
 */
function scenariosOf({ token, people }) {
  const headers = () => ({ authorization: `Bearer ${token}`, 'x-request-id': randomUUID() });
  const retrieve = () => ({ method: 'GET', path: `${BASE}/${pick(people).nhsNumber}`, headers: headers() });
  const search = () => {
    const { family, birthDate } = pick(people);
    return { method: 'GET', path: `${BASE}?family=${encodeURIComponent(family)}&birthdate=eq${birthDate}`, headers: headers() };
  };
  const fuzzy = () => {
    const { family, given, birthDate } = pick(people);
    return {
      method: 'GET',
      path: `${BASE}?family=${encodeURIComponent(family)}&given=${encodeURIComponent(given)}&birthdate=eq${birthDate}&_fuzzy-match=true`,
      headers: headers(),
    };
  };
  const refused = () => ({ method: 'GET', path: `${BASE}/${pick(people).nhsNumber}`, headers: { 'x-request-id': randomUUID(), authorization: 'Bearer unknown' } });

  // a connection reads a patient of its own, then updates that patient, each time with the version that it was told
  let next = 0;
  const told = {
    onResponse(status, body, context) {
      context.version = status === 200 ? JSON.parse(body).meta.versionId : undefined;
    },
  };
  const readOwn = () => ({
    ...told,
    method: 'GET',
    setupRequest(request, context) {
      context.nhsNumber = people[next++ % people.length].nhsNumber;
      return { ...request, path: `${BASE}/${context.nhsNumber}`, headers: headers() };
    },
  });
  const update = () => ({
    ...told,
    method: 'PATCH',
    setupRequest(request, { nhsNumber, version }) {
      return {
        ...request,
        path: `${BASE}/${nhsNumber}`,
        headers: { ...headers(), 'content-type': 'application/json-patch+json', 'if-match': `W/"${version}"` },
        body: JSON.stringify({ patches: [{ op: 'replace', path: '/gender', value: Number(version) % 2 ? 'female' : 'male' }] }),
      };
    },
  });

  const mixed = many((_, i) => (i === 0 ? readOwn() : i % 20 < 14 ? retrieve() : i % 20 < 18 ? search() : i % 20 === 18 ? update() : refused()));
  return {
    retrieve: many(retrieve),
    search: many(search),
    fuzzy: many(fuzzy),
    update: many((_, i) => (i === 0 ? readOwn() : update())),
    mixed,
  };
}

/** The same records from the bare handler. */
const bareRequests = (people) => many(() => ({ method: 'GET', path: `/Patient/${pick(people).nhsNumber}` }));

async function sample(connectionString) {
  const db = new pg.Client({ connectionString });
  await db.connect();
  const { rows } = await db.query(
    `SELECT record FROM patients TABLESAMPLE SYSTEM (20) WHERE status = 'active' AND confidentiality = 'U' AND birth_date IS NOT NULL ORDER BY random() LIMIT 3000`,
  );
  await db.end();
  return rows
    .map(({ record }) => JSON.parse(record))
    .filter((patient) => patient.name?.[0]?.family)
    .map((patient) => ({ nhsNumber: patient.id, family: patient.name[0].family, given: patient.name[0].given?.[0] ?? '', birthDate: patient.birthDate }));
}

/** Seconds until every access record has reached the audit. */
async function drain({ databaseUrl }) {
  const startedAt = performance.now();
  const [outbox, audit, log] = ['demographics', 'audit', 'event_log'].map((name) => new pg.Client({ connectionString: databaseUrl(name) }));
  await Promise.all([outbox.connect(), audit.connect(), log.connect()]);
  try {
    for (;;) {
      const waiting = await outbox.query('SELECT 1 FROM outbox LIMIT 1');
      const [{ rows: consumed }, { rows: newest }] = await Promise.all([
        audit.query(`SELECT position FROM consumer_offset WHERE topic = 'audit.access.v1'`),
        log.query(`SELECT coalesce(max(position), 0) AS newest FROM event_log WHERE topic = 'audit.access.v1'`),
      ]);
      if (waiting.rowCount === 0 && Number(consumed[0]?.position ?? 0) >= Number(newest[0].newest)) return (performance.now() - startedAt) / 1000;
      await setTimeout(20);
    }
  } finally {
    await Promise.all([outbox.end(), audit.end(), log.end()]);
  }
}
