import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { fromBinary, PatientConfidentialityChangedSchema, PatientDiedSchema, PatientSupersededSchema, timestampDate } from '@carespine/contracts';
import type { ReceivedEvent } from '@carespine/events';

/** Patients who are no ordinary ones: restricted, deceased or superseded. An unknown number is an ordinary patient. */
@Controller()
export class PatientFacts {
  @EventPattern('demographics.patient.v1')
  async apply(@Payload() { type, payload }: ReceivedEvent, @Ctx() tx: PoolClient): Promise<void> {
    if (type === PatientConfidentialityChangedSchema.typeName) {
      const { nhsNumber, confidentiality } = fromBinary(PatientConfidentialityChangedSchema, payload);
      await this.note(tx, nhsNumber, 'restricted', confidentiality !== 'U');
    } else if (type === PatientDiedSchema.typeName) {
      const { nhsNumber, deceased } = fromBinary(PatientDiedSchema, payload);
      await this.note(tx, nhsNumber, 'deceased', deceased ? timestampDate(deceased) : null);
    } else if (type === PatientSupersededSchema.typeName) {
      const { nhsNumber, supersededBy } = fromBinary(PatientSupersededSchema, payload);
      await this.note(tx, nhsNumber, 'superseded_by', supersededBy || null);
    }
  }

  private async note(tx: PoolClient, nhsNumber: string, column: 'restricted' | 'deceased' | 'superseded_by', value: unknown): Promise<void> {
    await tx.query(
      `INSERT INTO patient_facts (nhs_number, ${column}) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT patient_facts_pkey DO UPDATE SET ${column} = excluded.${column}`,
      [nhsNumber, value],
    );
  }
}
