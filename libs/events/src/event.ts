import { v7 as uuidv7 } from 'uuid';
import { createHmac } from 'node:crypto';

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
  /** Of a dead letter: why it could not be applied. Holds no personal data. */
  reason?: string;
}

/** An event as the log hands it out. */
export interface ReceivedEvent extends Event {
  /** Rises along its topic. */
  position: bigint;
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
}

export const eventOf = (row: EventRow): Event => ({
  id: row.event_id,
  topic: row.topic,
  type: row.type,
  key: row.key,
  occurredAt: row.occurred_at,
  traceparent: row.traceparent,
  payload: row.payload,
  ...(row.reason !== null && { reason: row.reason }),
});

export type NewEvent = Pick<Event, 'topic' | 'type' | 'key' | 'payload'> & Partial<Event>;

export function newEvent(event: NewEvent): Event {
  return { id: uuidv7(), occurredAt: new Date(), traceparent: '', ...event };
}

/** Makes the log key of a patient: 32 hex characters of HMAC-SHA-256, so that no NHS number stands in the log's metadata. */
export class PatientKey {
  constructor(private readonly secret: string) {}

  of(nhsNumber: string): string {
    return createHmac('sha256', this.secret).update(nhsNumber).digest('hex').slice(0, 32);
  }
}
