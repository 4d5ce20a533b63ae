import { randomUUID } from 'node:crypto';
import { Database, LOG } from '@carespine/service-kit';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { OrganisationPolicies } from '../organisation-policy/organisation-policies.service';
import { audit } from '../service';
import { StaffRegister } from '../staff/staff-register.service';
import { AlertEvaluator } from './evaluator';
import { Desk, record } from './fixtures/desk';

const user = (i: number): string => `5554${String(i).padStart(8, '0')}`;

describe('the evaluator', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit, { LOG_LEVEL: 'silent' });
  });
  afterAll(() => service.stop());

  const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> => (await service.app.get(Database).query<T>({ text, values })).rows;
  const caughtUp = (): Promise<void> =>
    eventually(async () => expect(await sql('SELECT FROM alert_cursor WHERE leaf_index >= (SELECT max(leaf_index) FROM access_events)')).toHaveLength(1), 20_000);

  const isRaised = (userId: string): Promise<void> => eventually(async () => expect(await sql('SELECT FROM alerts WHERE user_id = $1', [userId])).toHaveLength(1), 20_000);

  it('judges each record exactly once, also beside another replica', async () => {
    const { app } = service;
    const replicas = [1, 2].map(() => new AlertEvaluator(app.get(Database), app.get(OrganisationPolicies), app.get(StaffRegister), app.get(LOG)));
    for (const replica of replicas) replica.onApplicationBootstrap();
    try {
      for (let i = 0; i < 600; i += 20) await record(service, ...Array.from({ length: 20 }, (_, k) => ({ sameHousehold: true, agent: { userId: user((i + k) % 300) } })));
      await eventually(async () => expect(await sql('SELECT FROM access_events')).toHaveLength(600));
      await caughtUp();
      expect((await sql("SELECT FROM alerts WHERE rule = 'same-household'")).length).toBe(300);
      expect((await sql("SELECT FROM alert_evidence JOIN alerts USING (reference) WHERE rule = 'same-household'")).length).toBe(600);
      // a count within a window holds, whoever judges the acts
      for (let i = 0; i < 10; i++) await record(service, { outcome: 2, outcomeDescription: 'HTTP 403', agent: { userId: user(999) } });
      expect((await new Desk(service).alertOf('refusal-burst', user(999))).evidence).toHaveLength(10);
    } finally {
      await Promise.all(replicas.map((replica) => replica.onModuleDestroy()));
    }
  });

  it('passes over a record that cannot be judged, and only that', async () => {
    await record(service, { sameHousehold: true, agent: { userId: user(1001) } });
    await caughtUp();
    await sql(
      `WITH tail AS (UPDATE log_tail SET next_index = next_index + 1 RETURNING next_index - 1 AS leaf_index)
       INSERT INTO access_events (event_id, recorded, ods_code, user_id, nhs_number, request_id, outcome, payload, leaf_index, salt, previous_leaf, leaf_hash)
       SELECT $1, now(), '', '', '', '', 0, '\\xffffffff', leaf_index, no_hash, no_hash, no_hash FROM tail, decode(repeat('00', 32), 'hex') AS no_hash`,
      [randomUUID()],
    );
    await record(service, { sameHousehold: true, agent: { userId: user(1002) } });
    await isRaised(user(1002));
    await isRaised(user(1001));
  });

  it('goes on after its connections were cut', async () => {
    await sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()').catch(() => undefined);
    await record(service, { sameHousehold: true, agent: { userId: user(1003) } }).catch(() => record(service, { sameHousehold: true, agent: { userId: user(1003) } }));
    await isRaised(user(1003));
  });
});
