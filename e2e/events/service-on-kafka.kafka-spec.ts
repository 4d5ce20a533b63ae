import { randomUUID } from 'node:crypto';
import { AccessLog } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { aUser, eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '@carespine/audit-service/src/service';

describe('a service whose event log is Kafka', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit, { KAFKA_BROKERS: process.env['TEST_KAFKA_BROKERS'] ?? '' });
  });
  afterAll(() => service.stop());

  it('works as on PostgreSQL: its records come around by the log, and its metrics say so', async () => {
    const requestId = randomUUID();
    await service.app
      .get(AccessLog)
      .record(
        { interaction: Interaction.READ, name: 'Retrieve patient', resource: 'Patient', outcome: Outcome.SUCCESS, agent: aUser(), requestId, clientAddress: '203.0.113.7', purpose: 'TREAT' },
        [{ nhsNumber: '9000000009', version: '3' }],
      );
    await eventually(async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      expect(metrics).toMatch(/^events_applied_total\{topic="audit.access.v1".*\} [1-9]/m);
      expect(metrics).toMatch(/^consumer_lag\{topic="audit.access.v1".*\} 0/m);
      expect(metrics).toMatch(/^outbox_depth\S* 0/m);
    }, 30_000);
  });
});
