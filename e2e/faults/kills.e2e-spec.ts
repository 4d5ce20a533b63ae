import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';
import { openEventLog } from '@carespine/events';
import type { Patient } from '@carespine/fhir';
import { eventually } from '@carespine/test-kit';
import { userTokens } from '../api/supplier';
import { addPatients, aPatient } from '../patients';
import { addressOf, databaseUrl, startPlatform, type OwnPlatform } from '../platform';
import { Load, type Refusal } from './load';

const CONSULTANT = '555000000101';
const OFFSETS = { gateway: 0, portal: 1, demographics: 3, audit: 4 } as const;
type Service = keyof typeof OFFSETS;
/** Before and after a fault: enough for some hundred requests. */
const CALM_MS = 1_500;

const patients = Array.from({ length: 4 }, () => aPatient());
let platform: OwnPlatform;
let token: string;

jest.setTimeout(120_000);
beforeAll(async () => {
  platform = await startPlatform();
  await addPatients(platform, ...patients);
  token = (await userTokens(platform, CONSULTANT)).access_token;
}, 260_000);
afterAll(() => platform?.stop());

const pidOf = (service: Service): number => Number(readFileSync(join(platform.home, 'run', `${service}.pid`), 'utf8').split('\n')[0]);
const databasePid = (): number => Number(readFileSync(join(platform.home, 'postgres-18/postmaster.pid'), 'utf8').split('\n')[0]);

const isReady = async (service: Service): Promise<void> => {
  const { status } = await fetch(`${addressOf(platform, OFFSETS[service])}/health/ready`, { signal: AbortSignal.timeout(2000) });
  if (status !== 200) throw new Error(`${service} is not ready: ${status}`);
};

/** SIGKILL, and the time until its successor, another process, is ready. */
async function kill(service: Service): Promise<void> {
  const pid = pidOf(service);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => {
    if (pidOf(service) === pid) throw new Error(`${service} has not started again`);
    await isReady(service);
  }, 30_000);
}

async function query<Row extends object>(database: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl(platform, database), connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const phonesOf = (record: string): string[] => (JSON.parse(record) as Patient).telecom?.map(({ value }) => value ?? '') ?? [];

/** Every acknowledged update is in the register once and in order, and nothing else is. */
async function expectNoUpdateLost(load: Load, versionsBefore: Map<string, number>): Promise<void> {
  for (const { id } of patients) {
    const versions = await query<{ version: number; record: string }>(
      'demographics',
      `SELECT version, record FROM patient_versions WHERE nhs_number = $1 UNION ALL SELECT version, record FROM patients WHERE nhs_number = $1 ORDER BY version`,
      [id],
    );
    const since = versions.filter(({ version }) => version > (versionsBefore.get(id) ?? 0));
    expect(since.flatMap(({ record }) => phonesOf(record))).toEqual(load.acknowledged(id));
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
  }
}

/** Every answer has its access record, and no request has more of them than it was sent. */
async function expectNoRecordLost(load: Load): Promise<void> {
  await eventually(async () => {
    const rows = await query<{ request_id: string; nhs_number: string; count: number }>(
      'audit',
      'SELECT request_id, nhs_number, count(*)::int AS count FROM access_events WHERE request_id = ANY($1) AND outcome = 0 GROUP BY 1, 2',
      [load.sent.map(({ requestId }) => requestId)],
    );
    const records = new Map(rows.map((row) => [row.request_id, row]));
    const unrecorded = load.sent.filter(({ requestId, nhsNumber, isAnswered }) => isAnswered && records.get(requestId)?.nhs_number !== nhsNumber);
    expect(unrecorded).toEqual([]);
    const doubled = load.sent.filter(({ requestId, attempts }) => (records.get(requestId)?.count ?? 0) > attempts);
    expect(doubled).toEqual([]);
    expect(rows.length).toBe(records.size); // one patient each
  }, 20_000);
  const waiting = await query('demographics', 'SELECT FROM outbox');
  expect(waiting).toEqual([]);
}

/** In the log, what a service recorded of a patient stands in the order in which it happened; one that was sent twice counts where it stands first. */
async function expectOrder(): Promise<void> {
  const { KAFKA_BROKERS } = JSON.parse(readFileSync(join(platform.home, 'event-log.json'), 'utf8')) as { KAFKA_BROKERS: string };
  const log = openEventLog({ KAFKA_BROKERS, EVENT_LOG_URL: databaseUrl(platform, 'event_log') }, { service: 'e2e' });
  const events = await log.history('audit.access.v1').finally(() => log.close());
  const seen = new Set<string>();
  const latest = new Map<string, Date>();
  for (const { id, key, occurredAt, payload } of events) {
    if (seen.has(id) || fromBinary(AccessRecordedSchema, payload).service !== 'demographics') continue; // the gateway has an outbox of its own
    seen.add(id);
    expect(occurredAt.getTime()).toBeGreaterThanOrEqual(latest.get(key)?.getTime() ?? 0);
    latest.set(key, occurredAt);
  }
  expect(seen.size).toBeGreaterThan(0);
}

/** What is refused meanwhile may be sent again, and says so. */
function expectPassing(refusals: readonly Refusal[]): void {
  for (const { status, retryAfter, body } of refusals) {
    expect([status, retryAfter]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(JSON.parse(body)).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'timeout', details: { coding: [{ code: 'SERVICE_UNAVAILABLE' }] } }] });
  }
}

/** Runs a fault under load, and then looks at what was promised and what was kept. */
async function underLoad(fault: (load: Load) => Promise<void>): Promise<Load> {
  const before = await query<{ nhs_number: string; version: number }>('demographics', 'SELECT nhs_number, version FROM patients WHERE nhs_number = ANY($1)', [patients.map(({ id }) => id)]);
  const load = new Load(platform.url, token, patients);
  await delay(CALM_MS);
  await fault(load);
  const answered = load.answered;
  await delay(CALM_MS);
  expect(load.answered).toBeGreaterThan(answered); // it goes on
  await load.stop();
  expectPassing(load.refusals);
  await expectNoUpdateLost(load, new Map(before.map(({ nhs_number, version }) => [nhs_number, version])));
  await expectNoRecordLost(load);
  await expectOrder();
  return load;
}

describe('under load, with SIGKILL to', () => {
  it('demographics: it is back by itself, and no acknowledged update and no access record is lost or doubled', async () => {
    const load = await underLoad(() => kill('demographics'));
    expect(load.refusals.length + load.brokenConnections).toBeGreaterThan(0);
  });

  it('audit: all requests are answered meanwhile, and their records arrive afterwards', async () => {
    const load = await underLoad(() => kill('audit'));
    expect([load.refusals, load.brokenConnections]).toEqual([[], 0]);
  });

  it('the gateway: suppliers keep their tokens', async () => {
    const load = await underLoad(() => kill('gateway'));
    expect(load.brokenConnections).toBeGreaterThan(0);
  });

  it('the portal: the APIs do not notice, and pages are back', async () => {
    const load = await underLoad(async () => {
      const killed = kill('portal');
      const page = await eventually(async () => {
        const answer = await fetch(platform.url);
        if (answer.status === 200) throw new Error('still there');
        return answer;
      });
      expect([page.status, page.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
      await killed;
      expect((await fetch(platform.url)).status).toBe(200);
    });
    expect([load.refusals, load.brokenConnections]).toEqual([[], 0]);
  });

  if (process.env['CARESPINE_KAFKA']) {
    it('the broker: nobody notices, and what waited in the outbox arrives when it is back', async () => {
      const load = await underLoad(async (requests) => {
        const brokerPid = (): number => Number(readFileSync(join(platform.home, 'run/kafka.pid'), 'utf8').split('\n')[0]);
        const pid = brokerPid();
        process.kill(pid, 'SIGKILL');
        await eventually(async () => expect(brokerPid()).not.toBe(pid), 10_000);
        const { answered } = requests;
        await eventually(async () => expect(requests.answered).toBeGreaterThan(answered));
      });
      expect([load.refusals, load.brokenConnections]).toEqual([[], 0]);
    });
  }

  it('the database: 503 with Retry-After meanwhile, then everything goes on by itself, in the same processes', async () => {
    const services = Object.keys(OFFSETS) as Service[];
    const pids = services.map(pidOf);
    const launcher = Number(readFileSync(join(platform.home, 'run/launcher.pid'), 'utf8').split('\n')[0]);
    const load = await underLoad(async (requests) => {
      const pid = databasePid();
      process.kill(launcher, 'SIGSTOP'); // it would have the database back before anybody noticed
      try {
        process.kill(pid, 'SIGKILL');
        await eventually(async () => expect(requests.refusals.length).toBeGreaterThan(0), 10_000);
      } finally {
        process.kill(launcher, 'SIGCONT');
      }
      await eventually(async () => {
        expect(databasePid()).not.toBe(pid);
        await Promise.all(services.map(isReady));
      }, 40_000);
    });
    expect(load.refusals.length).toBeGreaterThan(0);
    expect(services.map(pidOf)).toEqual(pids);
  });
});
