import { startService, type RunningService } from '@carespine/test-kit';
import { Client } from 'pg';
import { sql } from '../fixtures/accesses';
import { audit } from '../service';
import { Holds } from './holds';
import { eraseFiles } from './retention';

describe('files at the end of their retention', () => {
  let service: RunningService;
  let db: Client;
  beforeAll(async () => {
    service = await startService(audit);
    db = new Client({ connectionString: service.databaseUrl });
    await db.connect();
  });
  afterAll(async () => {
    await db.end();
    await service.stop();
  });

  const aRequest = async (reference: string, nhsNumber: string, closedYearsAgo: number): Promise<void> => {
    await sql(
      service,
      `INSERT INTO subject_access_requests (reference, ods_code, organisation_name, nhs_number, from_day, to_day, received_on, due_on, identity_checks, withhold_names, status)
        VALUES ($1, 'RZZ01', 'A Trust', $2, '2020-01-01', '2020-02-01', '2020-02-01', '2020-03-01', '{}', false, 'closed')`,
      [reference, nhsNumber],
    );
    await sql(service, `INSERT INTO subject_access_history (reference, step, at) VALUES ($1, 'close', now() - make_interval(years => $2, days => 1))`, [reference, closedYearsAgo]);
    await sql(service, `INSERT INTO subject_access_parts VALUES ($1, 1, 'json', 0, 'x')`, [reference]);
  };
  const appealed = (reference: string, yearsAgo: number): Promise<unknown> =>
    sql(service, `INSERT INTO subject_access_history (reference, step, at) VALUES ($1, 'appeal', now() - make_interval(years => $2, days => 1))`, [reference, yearsAgo]);
  const anAlert = async (reference: string, closedYearsAgo: number): Promise<void> => {
    await sql(
      service,
      `INSERT INTO alerts (reference, ods_code, organisation_name, rule, cause, day, reason, nhs_number, user_id, user_name, job_role, job_role_name, role_profile_id, note, occurred_at,
          status, outcome, for_guardian)
        VALUES ($1, 'RZZ01', 'A Trust', 'own-record', 'x', '2010-01-01', 'x', '9000000009', '1', 'x', '', '', '', '', now(), 'closed', 'appropriate', false)`,
      [reference],
    );
    await sql(service, `INSERT INTO alert_history (reference, step, at) VALUES ($1, 'close', now() - make_interval(years => $2, days => 1))`, [reference, closedYearsAgo]);
    await sql(service, 'INSERT INTO alert_evidence VALUES ($1, gen_random_uuid(), now())', [reference]);
  };
  const left = async (table: string): Promise<string[]> => (await sql<{ reference: string }>(service, `SELECT DISTINCT reference FROM ${table} ORDER BY 1`)).map(({ reference }) => reference);

  it('go 3 years after a subject access request was closed, 6 after an appeal, 10 after an alert was; those of whoever is held stay, by any number of hers', async () => {
    await aRequest('SAR-AAAA-AAA2', '9000000009', 3);
    await aRequest('SAR-AAAA-AAA3', '9000000009', 2);
    await aRequest('SAR-AAAA-AAA4', '9000000017', 3);
    await aRequest('SAR-AAAA-AAA5', '9000000009', 7);
    await appealed('SAR-AAAA-AAA5', 5);
    await aRequest('SAR-AAAA-AAA6', '9000000009', 7);
    await appealed('SAR-AAAA-AAA6', 6);
    await anAlert('A-BBBB-BBB2', 10);
    await anAlert('A-BBBB-BBB3', 9);
    await sql(service, `INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ('9000000017', '9000000025')`);
    await new Holds(db).place('INQ/1', ['9000000025']);
    expect(await eraseFiles(db, true)).toEqual({ requests: 2, alerts: 1 });
    expect(await left('subject_access_parts')).toHaveLength(5);
    expect(await eraseFiles(db, false)).toEqual({ requests: 2, alerts: 1 });
    for (const table of ['subject_access_requests', 'subject_access_history', 'subject_access_parts']) expect(await left(table)).toEqual(['SAR-AAAA-AAA3', 'SAR-AAAA-AAA4', 'SAR-AAAA-AAA5']);
    for (const table of ['alerts', 'alert_history', 'alert_evidence']) expect(await left(table)).toEqual(['A-BBBB-BBB3']);
    await expect(sql(service, 'DELETE FROM subject_access_history')).rejects.toThrow('append-only');
    await expect(sql(service, 'DELETE FROM alert_history')).rejects.toThrow('append-only');
  });

  it('stay while everything is held', async () => {
    await new Holds(db).release('INQ/1', []);
    await new Holds(db).place('INQ/2', []);
    expect(await eraseFiles(db, false)).toEqual({ requests: 0, alerts: 0 });
  });
});
