import { Client } from 'pg';
import type { EventLogConfig } from '@carespine/events';
import { aDatabase, eventually, type TestDatabase } from '@carespine/test-kit';
import { keepsTheContract, TestService } from './log-contract';

describe('at least once on the way, exactly once in effect: on PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await aDatabase('log');
  });
  afterAll(() => database.drop());
  const config = async (): Promise<EventLogConfig> => ({ EVENT_LOG_URL: database.url });

  keepsTheContract(config);

  it('drains in order when the log comes back', async () => {
    const service = await TestService.start(await config());
    const change = async (sql: string): Promise<void> => {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      await client.query(sql);
      await client.end();
    };
    try {
      await change('ALTER TABLE event_log RENAME TO away');
      service.relay();
      service.consume();
      const sent = Array.from({ length: 20 }, (_, i) => service.event(String(i)));
      for (const event of sent) await service.outbox.append([event]);
      await eventually(async () => expect(service.failures).toContain('error'));
      expect((await service.pool.query('SELECT FROM outbox')).rowCount).toBe(20);
      await change('ALTER TABLE away RENAME TO event_log');
      await service.expectEffects(sent);
    } finally {
      await service.stop();
    }
  });
});
