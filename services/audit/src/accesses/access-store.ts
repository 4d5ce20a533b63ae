import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { AccessRecordedSchema, fromBinary, Outcome, timestampMs } from '@carespine/contracts';
import { Batched, type ReceivedEvent } from '@carespine/events';

/** Keeps every access record, byte for byte. */
@Controller()
export class AccessStore {
  @EventPattern('audit.access.v1', Batched)
  async keep(@Payload() events: ReceivedEvent[], @Ctx() tx: PoolClient): Promise<void> {
    const records = events.map((event) => fromBinary(AccessRecordedSchema, event.payload));
    await tx.query({
      name: 'keep-accesses',
      text: `INSERT INTO access_events (event_id, recorded, ods_code, user_id, nhs_number, request_id, outcome, payload)
        SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::bytea[])`,
      values: [
        events.map((event) => event.id),
        records.map((record) => new Date(record.recorded ? timestampMs(record.recorded) : 0).toISOString()),
        records.map((record) => record.agent?.odsCode ?? ''),
        records.map((record) => record.agent?.userId ?? ''),
        records.map((record) => record.nhsNumber),
        records.map((record) => record.requestId),
        records.map((record) => OUTCOME_CODES[record.outcome]),
        events.map((event) => `\\x${Buffer.from(event.payload).toString('hex')}`),
      ],
    });
  }
}

/** FHIR AuditEventOutcome. */
export const OUTCOME_CODES: Record<Outcome, 0 | 4 | 8 | 12> = {
  [Outcome.UNSPECIFIED]: 12,
  [Outcome.SUCCESS]: 0,
  [Outcome.MINOR_FAILURE]: 4,
  [Outcome.SERIOUS_FAILURE]: 8,
  [Outcome.MAJOR_FAILURE]: 12,
};
