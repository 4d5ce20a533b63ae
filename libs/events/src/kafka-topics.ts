import { ConfigResourceTypes, type Admin } from 'kafkajs';
import { kafkaOf, withAdmin, type KafkaSettings } from './kafka-client';
import { INBOX_HORIZON_DAYS } from './inbox-pruning';
import { ALL_TOPICS } from './topics';

/** A letter is larger than the message that it was, by its reason, and must fit all the same. */
const DEAD_LETTER_BYTES = 2_097_152;

/** A topic of the cluster would lose events. The message says which, by which setting, and what to set it to. */
export class UnfitTopic extends Error {
  override readonly name = 'UnfitTopic';
}

/** Makes the topics that are missing; needs no right to do so when none is. */
export async function prepareKafkaTopics(settings: KafkaSettings): Promise<void> {
  await withAdmin(kafkaOf(settings, 'carespine-migrate'), (admin) => createTopics(admin, settings));
}

/** Makes the topics that are missing, and looks whether those that are there keep what they are given. @throws UnfitTopic */
export async function prepareAndCheckKafkaTopics(settings: KafkaSettings): Promise<void> {
  await withAdmin(kafkaOf(settings, 'carespine-migrate'), async (admin) => {
    await createTopics(admin, settings);
    const configNames = ['cleanup.policy', 'retention.ms', 'retention.bytes', 'min.insync.replicas'];
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: ALL_TOPICS.map((name) => ({ type: ConfigResourceTypes.TOPIC, name, configNames })),
    });
    for (const { resourceName, configEntries } of resources) {
      const unfit = faultOf(new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])), settings);
      if (unfit) throw new UnfitTopic(`topic ${resourceName}: ${unfit}`);
    }
  });
}

/** @returns why a topic with these settings would lose events */
export function faultOf(config: ReadonlyMap<string, string>, { replication = 1 }: Pick<KafkaSettings, 'replication'>): string | undefined {
  const retentionMs = Number(config.get('retention.ms') ?? -1);
  const policy = config.get('cleanup.policy') ?? 'delete';
  if (policy !== 'delete') return `cleanup.policy is ${policy}, and a topic holds facts, not states: set it to delete`;
  if (retentionMs >= 0 && retentionMs < INBOX_HORIZON_DAYS * 86_400_000) {
    return `retention.ms is ${retentionMs}, and a service that is off for longer would miss events: set it to -1, or to ${INBOX_HORIZON_DAYS} days at least`;
  }
  if (Number(config.get('retention.bytes') ?? -1) >= 0) return 'retention.bytes is set, and events would go when others come: set it to -1';
  if (replication >= 3 && Number(config.get('min.insync.replicas') ?? 2) < 2) return 'min.insync.replicas is 1, and an event that one broker has would count as written: set it to 2';
  return undefined;
}

async function createTopics(admin: Admin, { partitions, replication }: KafkaSettings): Promise<void> {
  const present = new Set(await admin.listTopics());
  const missing = ALL_TOPICS.filter((topic) => !present.has(topic));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: true,
    topics: missing.map((topic) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: replication ?? -1,
      // projections are made anew from the log, and a dead letter waits for a person: it keeps everything
      configEntries: [
        { name: 'retention.ms', value: '-1' },
        { name: 'retention.bytes', value: '-1' },
        { name: 'cleanup.policy', value: 'delete' },
        ...(replication !== undefined && replication >= 3 ? [{ name: 'min.insync.replicas', value: '2' }] : []),
        ...(topic.endsWith('.dead-letter') ? [{ name: 'max.message.bytes', value: String(DEAD_LETTER_BYTES) }] : []),
      ],
    })),
  });
}
