import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { fromBinary, StaffRecordLinkedSchema } from '@carespine/contracts';
import { Batched, type ReceivedEvent } from '@carespine/events';
import { StaffHouseholds } from './staff-households';

/** Keeps who of the staff is a patient, as the audit service tells. */
@Controller()
export class StaffRecordsController {
  constructor(private readonly households: StaffHouseholds) {}

  @EventPattern('audit.staff.v1', Batched)
  async apply(@Payload() events: ReceivedEvent[], @Ctx() tx: PoolClient): Promise<void> {
    const records = events
      .filter(({ type }) => type === StaffRecordLinkedSchema.typeName)
      .map(({ payload, occurredAt }) => ({ ...fromBinary(StaffRecordLinkedSchema, payload), toldAt: occurredAt }));
    await this.households.link(records, tx);
  }
}
