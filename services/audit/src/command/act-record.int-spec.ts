import { readConfig } from '@carespine/service-kit';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { AuditConfig } from '../config';
import { audit } from '../service';
import { asSuperuser } from '../transparency/fixtures/accesses';
import { recordAct } from './act-record';

describe('every change of settings is recorded: what an operator does to the log', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit);
  });
  afterAll(() => service.stop());

  it('stands in the log under her user id, of each patient whom it concerns', async () => {
    const config = readConfig(AuditConfig, {
      ...{ PUBLIC_URL: 'http://127.0.0.1:8080', CONTEXT_JWKS: '{}', DATABASE_URL: service.databaseUrl, EVENT_LOG_URL: service.eventLogUrl },
      ...{ PATIENT_KEY_SECRET: 'a secret of the tests, 32 bytes or more', LOG_ORIGIN: 'example.test/audit/log', LOG_SIGNING_KEY: '[]' },
    });
    await recordAct(config, '555000000102', { name: 'Place litigation hold', query: 'case=INQ/2026-1', patients: ['9000000009', '9000000017'] });
    await recordAct(config, '555000000102', { name: 'Thaw access log', query: 'leaves=2' });
    await eventually(async () =>
      expect(await asSuperuser(service, `SELECT nhs_number, user_id, service, ods_code FROM access_events ORDER BY leaf_index`)).toEqual(
        ['9000000009', '9000000017', ''].map((nhs_number) => ({ nhs_number, user_id: '555000000102', service: 'audit', ods_code: 'X26' })),
      ),
    );
  });
});
