import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { format, measure, report } from './measure.mjs';
import { startPlatform } from './platform.mjs';
import { numberOf, ORGANISATION, patientsOf, pointerOf, SNOMED, TYPES, writePointers } from './pointers-fill.mjs';
import { memoryMb } from './processes.mjs';

const CONSUMER = '/record-locator/consumer/FHIR/R4/DocumentReference';
const PRODUCER = '/record-locator/producer/FHIR/R4/DocumentReference';
/** How many pointers one run of the import command takes. */
const LINES = 1_000_000;

/**
 * Imports pointers, and measures searches and creations through the gateway beside a bare handler on the same database; imports `more` and
 * measures again. Then the soak: each operation 50 times a second for so many minutes.
 *
 * @param {{ pointers: number, more: number, minutes: number, seconds: number, connections: number[], port: number }} options
 */
export async function loadPointers({ pointers, more, minutes, seconds, connections, port }) {
  const platform = await startPlatform(port);
  const patients = patientsOf(pointers);
  try {
    const results = {};
    for (const [from, to] of more > 0 ? [[0, pointers], [pointers, pointers + more]] : [[0, pointers]]) {
      await importPointers(platform, from, to);
      console.log(`\n${to.toLocaleString('en-GB')} pointers`);
      results[`${to} pointers`] = await measureAll(platform, { patients, seconds, connections });
    }
    if (minutes > 0) results.soak = await soak(platform, { patients, minutes });
    return results;
  } finally {
    await platform.stop();
  }
}

/** By the command that producers' operators use. */
async function importPointers({ home, run }, from, to) {
  const file = join(home, 'pointers.ndjson');
  for (let at = from; at < to; at += LINES) {
    await writePointers(file, at, Math.min(to, at + LINES), patientsOf(to));
    run('pointers', ['import', file, '--organisation', ORGANISATION]);
  }
  rmSync(file);
}

async function measureAll(platform, { patients, seconds, connections }) {
  const { url, groups } = platform;
  const bare = await platform.startBare('bare-pointers.mjs', 'record_locator');
  const results = {};
  for (const count of connections) {
    const scenarios = scenariosOf({ token: tokenOf(platform), patients });
    const of = (load) => measure({ connections: count, ...load });
    const bareLoad = { url: bare.url, requests: bareRequests(patients), groups: bare.groups };
    await of({ ...bareLoad, seconds: 2 });
    const reference = await of({ ...bareLoad, seconds });
    report(`bare, ${count} connections`, reference);
    results[`bare ${count}`] = reference;
    for (const [name, requests] of Object.entries(scenarios)) {
      const load = { url, requests, groups };
      await of({ ...load, seconds: 2 });
      const result = await of({ ...load, seconds });
      report(`${name}, ${count} connections`, result, name === 'search' ? reference : undefined);
      results[`${name} ${count}`] = { ...result, ratio: result.perSecond / reference.perSecond };
    }
  }
  const { search } = scenariosOf({ token: tokenOf(platform), patients });
  const steady = await measure({ url, requests: search, connections: 8, seconds, perSecond: 200, groups });
  report('search at 200/s', steady);
  bare.stop();
  return { ...results, 'search at 200/s': steady };
}

/** Nothing fails and nothing grows. A token lives ten minutes, so each minute takes a new one. */
async function soak(platform, { patients, minutes }) {
  const groups = platform.groups.filter(({ name }) => name !== 'postgres');
  const memory = [memoryMb(groups)];
  let errors = 0;
  for (let minute = 1; minute <= minutes; minute++) {
    const requests = lifeOf({ token: tokenOf(platform), patients });
    const round = await measure({ url: platform.url, requests, connections: 24, seconds: 60, perSecond: 50 * requests.length, groups: [] });
    errors += round.errors;
    memory.push(memoryMb(groups));
    const rate = `each of ${requests.length} operations ${(round.perSecond / requests.length).toFixed(1)}/s`;
    console.log(`minute ${minute}: ${rate}, p50 ${round.p50.toFixed(1)} p99 ${round.p99.toFixed(1)} ms, errors ${errors}, memory (MB): ${format(memory.at(-1))}`);
    if (round.errors) console.log(`    answers by status: ${format(round.statuses)}`);
  }
  return { errors, memory };
}

const tokenOf = (platform) => platform.token(['--app', 'example-care-planning']);
const pick = (n) => Math.floor(Math.random() * n);
const many = (make) => Array.from({ length: 2000 }, make);
const subjectOf = (patients) => `subject:identifier=${encodeURIComponent(`https://fhir.nhs.uk/Id/nhs-number|${numberOf(pick(patients))}`)}`;
const headersOf = (token) => ({ authorization: `Bearer ${token}`, 'x-request-id': randomUUID(), 'nhsd-end-user-organisation-ods': ORGANISATION });
const json = (token, body) => ({ headers: { ...headersOf(token), 'content-type': 'application/fhir+json' }, body: JSON.stringify(body) });

/** Requests of each scenario, as autocannon takes them. */
function scenariosOf({ token, patients }) {
  const get = (query) => ({ method: 'GET', path: `${CONSUMER}?${subjectOf(patients)}${query}`, headers: headersOf(token) });
  return {
    search: many(() => get(`&type=${encodeURIComponent(`${SNOMED}|${TYPES[pick(TYPES.length)].code}`)}`)),
    'search of all types': many(() => get('')),
    count: many(() => get('&_summary=count')),
    create: many(() => ({ method: 'POST', path: PRODUCER, ...json(token, pointerOf(pick(1_000_000), patients)) })),
  };
}

/** Every operation once, on pointers that end with it: a connection goes through them in turn. */
function lifeOf({ token, patients }) {
  const searched = (side, { subject }) => ({ path: `${side}?subject:identifier=${encodeURIComponent(subject)}`, headers: headersOf(token) });
  const posted = (side, { subject }) => ({ path: `${side}/_search`, ...json(token, { 'subject:identifier': subject }) });
  const operations = [
    ['POST', (life) => {
      const pointer = pointerOf(pick(1_000_000), patients);
      Object.assign(life, { pointer, subject: `${pointer.subject.identifier.system}|${pointer.subject.identifier.value}`, id: `${ORGANISATION}-${randomUUID()}` });
      return { path: PRODUCER, ...json(token, pointer) };
    }],
    ['PUT', ({ pointer, id }) => ({ path: PRODUCER, ...json(token, { ...pointer, id }) })],
    ['GET', ({ id }) => ({ path: `${PRODUCER}/${id}`, headers: headersOf(token) })],
    ['GET', ({ id }) => ({ path: `${CONSUMER}/${id}`, headers: headersOf(token) })],
    ['PUT', ({ pointer, id }) => ({ path: `${PRODUCER}/${id}`, ...json(token, { ...pointer, id, description: 'Another description' }) })],
    ['GET', (life) => searched(PRODUCER, life)],
    ['POST', (life) => posted(PRODUCER, life)],
    ['GET', (life) => searched(CONSUMER, life)],
    ['POST', (life) => posted(CONSUMER, life)],
    ['GET', (life) => ({ ...searched(CONSUMER, life), path: `${searched(CONSUMER, life).path}&_summary=count` })],
    ['POST', ({ pointer, id, created }) => ({
      path: PRODUCER,
      ...json(token, { ...pointer, relatesTo: [id, created].map((value) => ({ code: 'replaces', target: { type: 'DocumentReference', identifier: { value } } })) }),
    })],
    ['DELETE', ({ created }) => ({ path: `${PRODUCER}/${created}`, headers: headersOf(token) })],
  ];
  return operations.map(([method, make]) => ({
    method,
    setupRequest: (request, life) => ({ ...request, ...make(life) }),
    onResponse(_status, _body, life, { location, Location = location }) {
      if (Location) life.created = Location.split('/').at(-1);
    },
  }));
}

/** The same pointers from the bare handler. */
const bareRequests = (patients) =>
  many(() => ({ method: 'GET', path: `/DocumentReference/${numberOf(pick(patients))}/${TYPES[pick(TYPES.length)].code}` }));
