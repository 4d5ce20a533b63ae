import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { fromBinary, PatientConfidentialityChangedSchema, PatientDiedSchema, PatientSupersededSchema, timestampDate } from '@carespine/contracts';
import type { ReceivedEvent } from '@carespine/events';

/**
 * Patients who are no ordinary ones: restricted, deceased or superseded. An unknown number is an ordinary patient.
 * Each fact has its time: one that is replayed, or comes late, says nothing of now.
 */
@Controller()
export class PatientFacts {
  @EventPattern('demographics.patient.v1')
  async apply(@Payload() { type, payload, occurredAt }: ReceivedEvent, @Ctx() tx: PoolClient): Promise<void> {
    if (type === PatientConfidentialityChangedSchema.typeName) {
      const { nhsNumber, confidentiality } = fromBinary(PatientConfidentialityChangedSchema, payload);
      await this.note(tx, nhsNumber, 'restricted', confidentiality !== 'U', occurredAt);
    } else if (type === PatientDiedSchema.typeName) {
      const { nhsNumber, deceased } = fromBinary(PatientDiedSchema, payload);
      await this.note(tx, nhsNumber, 'deceased', deceased ? timestampDate(deceased) : null, occurredAt);
    } else if (type === PatientSupersededSchema.typeName) {
      const { nhsNumber, supersededBy } = fromBinary(PatientSupersededSchema, payload);
      await this.note(tx, nhsNumber, 'superseded_by', supersededBy || null, occurredAt);
    }
  }

  private async note(tx: PoolClient, nhsNumber: string, fact: 'restricted' | 'deceased' | 'superseded_by', value: unknown, occurredAt: Date): Promise<void> {
    await tx.query(
      `INSERT INTO patient_facts AS held (nhs_number, ${fact}, ${fact}_at) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT patient_facts_pkey DO UPDATE SET ${fact} = excluded.${fact}, ${fact}_at = excluded.${fact}_at
        WHERE held.${fact}_at <= excluded.${fact}_at`,
      [nhsNumber, value, occurredAt],
    );
  }
}
