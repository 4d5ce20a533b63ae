import type { PoolClient } from 'pg';
import type { ReceivedEvent } from './event';

/** A partition holds younger events where older ones were applied: its topic was deleted and made again, and is applied from its beginning. */
export class TopicMadeAgain extends Error {
  override readonly name = 'TopicMadeAgain';
}

/*
 * How far each partition has had its effect, in the consumer's own database, moved in the transaction of the effect. Kafka's own offsets say
 * where to go on; a group that was away for long may lose them, and is handed out everything again: what is at or below the place is passed
 * by, also when the inbox has forgotten it.
 */

/** Of events of one partition, in order: those that have yet to have their effect. @param madeAgain told when the place is no longer one */
export async function unapplied(tx: PoolClient, events: ReceivedEvent[], madeAgain: (error: TopicMadeAgain) => void): Promise<ReceivedEvent[]> {
  const [first] = events;
  if (!first) return events;
  const { topic, partition } = first;
  const { rows } = await tx.query<{ position: string; appended_at: Date }>({
    name: 'kafka-place',
    text: 'SELECT position, appended_at FROM kafka_place WHERE topic = $1 AND partition = $2',
    values: [topic, partition],
  });
  const [place] = rows;
  if (!place) return events;
  const position = BigInt(place.position);
  if (events.some((event) => event.position <= position && event.appendedAt > place.appended_at)) {
    await tx.query('DELETE FROM kafka_place WHERE topic = $1 AND partition = $2', [topic, partition]);
    madeAgain(new TopicMadeAgain(`${topic}/${partition} was made again`));
    return events;
  }
  return events.filter((event) => event.position > position);
}

/** @param applied events of one partition, in order, that the transaction covers */
export async function movePlace(tx: PoolClient, applied: ReceivedEvent[]): Promise<void> {
  const last = applied.at(-1);
  if (!last) return;
  const youngest = new Date(Math.max(...applied.map(({ appendedAt }) => appendedAt.getTime())));
  await tx.query({
    name: 'kafka-place-move',
    text: `INSERT INTO kafka_place AS place (topic, partition, position, appended_at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (topic, partition) DO UPDATE
        SET position = greatest(place.position, excluded.position), appended_at = greatest(place.appended_at, excluded.appended_at)`,
    values: [last.topic, last.partition, last.position.toString(), youngest],
  });
}
