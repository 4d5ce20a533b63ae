import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { recordLocator } from '@carespine/record-locator-service/src/service';
import { aPointer, aSupplier } from '@carespine/record-locator-service/src/pointers/fixtures/a-pointer';
import { contextOf, startService, type RunningService } from '@carespine/test-kit';
import { hostileJson, hostileText } from './hostile-values';

/*
 * Whatever is sent as a pointer or a search: a clear 2xx or 4xx that is an OperationOutcome, a Bundle or a pointer, and never a 5xx.
 */
const POINTERS = 10_000;
const SEARCHES = 2_000;
const AT_ONCE = 50;
const BASE = '/record-locator';

const folder = mkdtempSync(join(tmpdir(), 'pointers-fuzz-'));
let service: RunningService;
let headers: Record<string, string>;

beforeAll(async () => {
  const file = join(folder, 'permissions.json');
  const everything = { access_controls: ['allow_all_types', 'allow_override_creation_datetime'] };
  writeFileSync(
    file,
    JSON.stringify({ permissions: [{ application: 'supplier', organisation: 'RZZ01', producer: everything, consumer: everything }] }),
  );
  service = await startService(recordLocator, { LOG_LEVEL: 'silent', POINTER_PERMISSIONS: file });
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

/** Paths of everything within a value. */
function placesIn(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    ...(path.length > 0 ? [path] : []),
    ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, Array.isArray(value) ? Number(key) : key])),
  ];
}

function changed(pointer: object, path: (string | number)[], value: unknown): object {
  const copy = JSON.parse(JSON.stringify(pointer)) as Record<string | number, unknown>;
  const parent = path
    .slice(0, -1)
    .reduce<Record<string | number, unknown>>((at, step) => at[step] as Record<string | number, unknown>, copy);
  const last = path.at(-1) ?? '';
  parent[last] = value; // as JSON, what is undefined goes
  return copy;
}

const GOOD = {
  ...aPointer({ id: 'RZZ01-fuzz' }),
  date: '2026-01-31T09:30:00Z',
  identifier: [{ system: 'urn:x', value: 'x' }],
  relatesTo: [{ code: 'signs', target: { identifier: { value: 'RZZ01-x' } } }],
  contained: [{ resourceType: 'Basic', id: 'x' }],
  context: { ...aPointer().context, related: [{ identifier: { system: 'https://fhir.nhs.uk/Id/nhsSpineASID', value: '200000000610' } }] },
};
const PLACES = placesIn(GOOD);
const hostile = fc.oneof(
  hostileJson,
  hostileText,
  fc.constant(undefined),
  fc.constantFrom(null, '', {}, [], '\u0000', '\ud800', 1e308, -0, 'x'.repeat(5000)),
);
const pointer = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...PLACES), hostile).map(([path, value]) => changed(GOOD, path, value)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...PLACES), fc.constantFrom(...PLACES), hostile, hostile)
      .map(([a, b, x, y]) => tryChange(changed(GOOD, a, x), b, y)),
  },
  { weight: 1, arbitrary: fc.tuple(hostileText, hostile).map(([name, value]) => ({ ...GOOD, [name]: value })) },
  { weight: 1, arbitrary: hostileJson },
);
function tryChange(value: object, path: (string | number)[], by: unknown): object {
  try {
    return changed(value, path, by);
  } catch {
    return value; // the first change took the place away
  }
}

async function send(
  method: string,
  path: string,
  body?: string,
  type = 'application/fhir+json',
): Promise<{ status: number; text: string }> {
  headers ??= await contextOf(aSupplier('supplier'));
  const answer = await service.app.inject({
    method: method as 'GET',
    url: `${BASE}/${path}`,
    headers: {
      ...headers,
      'x-request-id': randomUUID(),
      'nhsd-end-user-organisation-ods': 'RZZ01',
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { payload: body }),
  });
  return { status: answer.statusCode, text: answer.payload };
}

async function all(samples: (() => Promise<{ status: number; text: string }>)[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  for (let i = 0; i < samples.length; i += AT_ONCE) {
    if (i % 5000 === 0) headers = await contextOf(aSupplier('supplier'));
    for (const { status, text } of await Promise.all(samples.slice(i, i + AT_ONCE).map((sample) => sample()))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500) throw new Error(`${status}: ${text}`);
      expect(text).toMatch(/^\{"resourceType":"(OperationOutcome|Bundle|DocumentReference)"/);
    }
  }
  return statuses;
}

it(`answers ${POINTERS} hostile DocumentReferences without failing`, async () => {
  const samples = fc.sample(pointer, { numRuns: POINTERS, seed: 20261124 });
  const statuses = await all(
    samples.map((sample, i) => () => {
      const body = JSON.stringify(sample) ?? 'null';
      const to =
        [
          'POST producer/FHIR/R4/DocumentReference',
          'PUT producer/FHIR/R4/DocumentReference',
          'PUT producer/FHIR/R4/DocumentReference/RZZ01-fuzz',
        ][i % 3] ?? '';
      const [method = '', path = ''] = to.split(' ');
      return send(method, path, body);
    }),
  );
  for (const status of [201, 400, 422]) expect(statuses.get(status)).toBeGreaterThan(0);
}, 240_000);

it(`answers ${SEARCHES} hostile searches without failing`, async () => {
  const names = fc.constantFrom(
    'subject:identifier',
    'custodian:identifier',
    'type',
    'category',
    '_summary',
    '_count',
    'next-page-token',
    'x',
    '__proto__',
    'constructor',
  );
  const values = fc.oneof(
    hostileText,
    fc.constantFrom(
      'https://fhir.nhs.uk/Id/nhs-number|9990000018',
      'https://fhir.nhs.uk/Id/nhs-number|\u0000',
      'http://snomed.info/sct|736253002',
      'count',
      '%',
      '%zz',
      'MjAyNi0wMS0wMVQwMDowMDowMC4wMDBaIFJaWjAxLWE',
    ),
  );
  const parameters = fc.array(fc.tuple(names, values), { maxLength: 6 });
  const samples = fc.sample(fc.tuple(parameters, fc.nat(3), fc.constantFrom('producer', 'consumer'), hostileJson), {
    numRuns: SEARCHES,
    seed: 20261124,
  });
  await all(
    samples.map(([given, kind, side, json]) => () => {
      const path = `${side}/FHIR/R4/DocumentReference`;
      const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, value.toWellFormed()])).toString();
      if (kind === 0) return send('GET', `${path}?${query}`);
      if (kind === 1) return send('POST', `${path}/_search`, query, 'application/x-www-form-urlencoded');
      if (kind === 2) return send('POST', `${path}/_search`, JSON.stringify(Object.fromEntries(given)));
      return send('POST', `${path}/_search`, JSON.stringify(json) ?? 'null');
    }),
  );
}, 120_000);
