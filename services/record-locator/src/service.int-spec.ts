import { startService, type RunningService } from '@carespine/test-kit';
import { recordLocator } from './service';

describe('record-locator', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(recordLocator);
  });
  afterAll(() => service.stop());

  it('is ready for requests', async () => {
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  });
});
