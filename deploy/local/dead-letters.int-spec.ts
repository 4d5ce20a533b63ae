import { aDatabase, type TestDatabase } from '@carespine/test-kit';
import { describeDeadLetterCommand } from './fixtures/dead-letter-command';

describe('npm run events -- dead-letters, with the log in PostgreSQL', () => {
  let log: TestDatabase;
  beforeAll(async () => {
    log = await aDatabase('event_log');
  });
  afterAll(() => log.drop());
  describeDeadLetterCommand(() => ({ EVENT_LOG_URL: log.url }));
});
