import { describeDeadLetterCommand } from './fixtures/dead-letter-command';

describe('npm run events -- dead-letters, with the log on Kafka', () => {
  describeDeadLetterCommand(() => ({ KAFKA_BROKERS: process.env['TEST_KAFKA_BROKERS'] ?? '' }));
});
