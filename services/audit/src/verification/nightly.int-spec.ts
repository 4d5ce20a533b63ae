import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { asSuperuser, recordAccesses, scalar } from '../transparency/fixtures/accesses';
import { Nightly } from './nightly';

describe('every night', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit, { LOG_INTERVAL_MS: '20', LOG_LEVEL: 'silent' });
    await recordAccesses(service, ['9000000009', '9000000017']);
  });
  afterAll(() => service.stop());

  it('a summary goes into the log, and the log is verified', async () => {
    const report = await service.app.get(Nightly).run();
    expect(report?.findings).toEqual([]);
    expect(await scalar(service, 'SELECT count(*) FROM log_statements')).toBe(1);
  });

  it('an altered log is frozen: nothing more is published, what was stays readable', async () => {
    const size = await scalar(service, 'SELECT max(tree_size) FROM checkpoints');
    await asSuperuser(service, `SET session_replication_role = replica; UPDATE access_events SET payload = payload || '\\x3001'::bytea WHERE leaf_index = 0`);
    expect((await service.app.get(Nightly).run())?.findings).toContainEqual({ kind: 'leaf-altered', times: 1, at: ['0'] });
    const frozenAt = await scalar(service, 'SELECT max(tree_size) FROM checkpoints');
    await recordAccesses(service, ['9000000009']);
    await eventually(async () => expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/^log_frozen(\{[^}]*\})? 1/m));
    expect(await scalar(service, 'SELECT max(tree_size) FROM checkpoints')).toBe(frozenAt);
    expect(frozenAt).toBeGreaterThanOrEqual(size);
    expect((await fetch(`${service.url}/audit/log/checkpoint`)).status).toBe(200);
  });
});
