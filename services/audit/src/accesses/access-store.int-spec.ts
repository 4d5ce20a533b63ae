import { newEvent, Outbox } from '@carespine/events';
import { Database } from '@carespine/service-kit';
import { aUser, contextOf, eventually, examplesOfTopic, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';

describe('an access record of each kind that the contract shows', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(audit);
  });
  afterAll(() => service.stop());

  it.each(examplesOfTopic('audit.access.v1').map((example) => ({ variant: 'plain', ...example })))('$variant: is kept byte for byte, and accesses are told as before', async ({ type, payload }) => {
    const event = newEvent({ topic: 'audit.access.v1', type, key: 'example', payload });
    await service.app.get(Outbox).append([event]);
    const { pool } = service.app.get(Database);
    await eventually(async () => {
      const { rows } = await pool.query<{ payload: Buffer }>('SELECT payload FROM access_events WHERE event_id = $1', [event.id]);
      expect(rows.map((row) => row.payload)).toEqual([Buffer.from(payload)]);
    });
    const officer = aUser({ activityCodes: ['B0264', 'B0011'], jobRole: 'R0001', userId: '555000000999' });
    const answer = await fetch(`${service.url}/audit/FHIR/R4/AuditEvent?patient=9990000379&_count=100`, { headers: await contextOf(officer) });
    expect(answer.status).toBe(200);
  });
});
