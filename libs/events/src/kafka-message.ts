import { createHash } from 'node:crypto';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { Event, ReceivedEvent } from './event';

/**
 * Attributes as headers under CloudEvents' names, the payload as it is.
 *
 * @see CloudEvents, Kafka Protocol Binding 1.0.2, section 3.2 (binary content mode)
 */
export function messageOf(event: Event): { key: string; value: Buffer; headers: IHeaders } {
  return {
    key: event.key,
    value: Buffer.from(event.payload.buffer, event.payload.byteOffset, event.payload.byteLength),
    headers: {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_source: `/carespine/${event.topic.replace(/\.dead-letter$/, '')}`, // with the id, the same name for the event wherever it goes
      ce_id: event.id,
      ce_type: event.type,
      ce_time: event.occurredAt.toISOString(),
      ce_dataschema: event.type.slice(0, Math.max(0, event.type.lastIndexOf('.'))),
      ...(event.traceparent !== '' && { traceparent: event.traceparent }),
      ...(event.reason !== undefined && { reason: event.reason }),
      ...(event.consumer !== undefined && { consumer: event.consumer }),
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What anybody may have put there: a message that is no event gets a name, always the same, and says what it lacks. */
export function receivedOf(topic: string, partition: number, message: KafkaMessage): ReceivedEvent {
  const header = (name: string): string | undefined => {
    const value = message.headers?.[name];
    return Array.isArray(value) ? value[0]?.toString() : value?.toString();
  };
  const position = BigInt(message.offset);
  const appendedAt = new Date(Number(message.timestamp));
  const received = { topic, partition, position, appendedAt, payload: message.value ?? Buffer.alloc(0) };
  const id = header('ce_id') ?? '';
  const occurredAt = new Date(header('ce_time') ?? Number.NaN);
  const [type, traceparent, reason, consumer] = [header('ce_type') ?? '', header('traceparent') ?? '', header('reason'), header('consumer')];
  const key = message.key?.toString() ?? '';
  const settled = topic.endsWith('.dead-letter');
  const lacks = !UUID.test(id) ? 'ce_id' : Number.isNaN(occurredAt.getTime()) ? 'ce_time' : type === '' && !settled ? 'ce_type' : message.value === null ? 'value' : undefined;
  if (lacks !== undefined || [key, type, traceparent, reason, consumer].some((text) => text?.includes('\0'))) {
    return { ...received, id: nameOf(`${topic}/${partition}/${position}`), type: '', key: '', occurredAt: appendedAt, traceparent: '', reason: `no event: ${lacks ?? 'header'}` };
  }
  return { ...received, id, type, key, occurredAt, traceparent, ...(settled && reason !== undefined && { reason }), ...(consumer !== undefined && { consumer }) };
}

/** UUIDv8 of a text. */
function nameOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
