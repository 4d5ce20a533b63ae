import { v7 as uuidv7 } from 'uuid';
import { createHmac } from 'node:crypto';
import { isTopic } from './topics';

/** A fact on its way: what the outbox holds and the log keeps. */
export interface Event {
  /** UUIDv7: names the fact for ever; a consumer applies it once. */
  id: string;
  topic: string;
  /** Full protobuf message name of the payload, e.g. `carespine.audit.v1.AccessRecorded`. */
  type: string;
  /** Events of one key stay in order. A keyed hash: no identifier of a person. */
  key: string;
  occurredAt: Date;
  traceparent: string;
  payload: Uint8Array;
  /** Of a dead letter: why it could not be applied; of a message in the log that is no event: what it lacks. Holds no personal data. */
  reason?: string;
  /** Of a dead letter and of its replay: the service that could not apply it. The others did, and pass the replay by. */
  consumer?: string;
}

/** An event as the log hands it out. */
export interface ReceivedEvent extends Event {
  /** Events of one key share a partition; always 0 on PostgreSQL. */
  partition: number;
  /** Rises along its partition. */
  position: bigint;
  appendedAt: Date;
}

/** An event as outbox and log store it. */
export interface EventRow {
  event_id: string;
  topic: string;
  type: string;
  key: string;
  occurred_at: Date;
  traceparent: string;
  payload: Buffer;
  reason: string | null;
  consumer: string | null;
}

export const EVENT_COLUMNS = 'event_id, topic, type, key, occurred_at, traceparent, payload, reason, consumer';
/** The parameters $1 to $9 of {@link eventColumns} as rows. */
export const EVENT_ROWS = 'unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[], $8::text[], $9::text[])';

export const eventColumns = (events: Event[]): unknown[] => [
  events.map((event) => event.id),
  events.map((event) => event.topic),
  events.map((event) => event.type),
  events.map((event) => event.key),
  events.map((event) => event.occurredAt.toISOString()),
  events.map((event) => event.traceparent),
  events.map((event) => `\\x${Buffer.from(event.payload.buffer, event.payload.byteOffset, event.payload.byteLength).toString('hex')}`),
  events.map((event) => event.reason ?? null),
  events.map((event) => event.consumer ?? null),
];

export const eventOf = (row: EventRow): Event => ({
  id: row.event_id,
  topic: row.topic,
  type: row.type,
  key: row.key,
  occurredAt: row.occurred_at,
  traceparent: row.traceparent,
  payload: row.payload,
  ...(row.reason !== null && { reason: row.reason }),
  ...(row.consumer !== null && { consumer: row.consumer }),
});

export type NewEvent = Pick<Event, 'topic' | 'type' | 'key' | 'payload'> & Partial<Event>;

/** A broker takes messages up to a size, a mebibyte as it comes: what it would refuse must not stand in the relay's way. */
export const LARGEST_PAYLOAD = 900_000;

/** @throws RangeError for a topic that is not in the list of topics, or a payload larger than a log takes: the relay could never carry it */
export function newEvent(event: NewEvent): Event {
  if (!isTopic(event.topic)) throw new RangeError(`${event.topic} is not among the topics`);
  if (event.payload.byteLength > LARGEST_PAYLOAD) throw new RangeError(`an event's payload has at most ${LARGEST_PAYLOAD} bytes`);
  return { id: uuidv7(), occurredAt: new Date(), traceparent: '', ...event };
}

/** Makes the log key of a patient: 32 hex characters of HMAC-SHA-256, so that no NHS number stands in the log's metadata. */
export class PatientKey {
  constructor(private readonly secret: string) {}

  of(nhsNumber: string): string {
    return createHmac('sha256', this.secret).update(nhsNumber).digest('hex').slice(0, 32);
  }
}
