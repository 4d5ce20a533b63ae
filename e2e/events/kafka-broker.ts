import { randomUUID } from 'node:crypto';
// eslint-disable-next-line no-restricted-imports -- what is asked of the broker here, no log asks
import { Kafka, logLevel, type Admin, type KafkaMessage } from 'kafkajs';
import { TOPIC, type TestService } from './log-contract';

const kafka = (): Kafka => new Kafka({ brokers: (process.env['TEST_KAFKA_BROKERS'] ?? '').split(','), logLevel: logLevel.NOTHING });

/** Asks the test broker as its operators would. */
export async function asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The newest message that a test's service appended, as it stands in the topic. */
export async function newestMessage({ keys }: TestService): Promise<KafkaMessage> {
  const consumer = kafka().consumer({ groupId: `test-${randomUUID()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
    return await new Promise((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          if (message.key?.toString().startsWith(keys)) resolve(message);
        },
      });
    });
  } finally {
    await consumer.disconnect();
  }
}
