import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import {
  fromBinary,
  PatientConfidentialityChangedSchema,
  PatientDiedSchema,
  PatientSupersededSchema,
  timestampDate,
} from '@carespine/contracts';
import type { ReceivedEvent } from '@carespine/events';

/**
 * Keeps what demographics says of patients and the index must heed: merges, restrictions and deaths.
 * A number that nothing was said of is an ordinary one.
 */
@Controller()
export class PatientFacts {
  @EventPattern('demographics.patient.v1')
  async keep(@Payload() event: ReceivedEvent, @Ctx() tx: PoolClient): Promise<void> {
    switch (event.type) {
      case PatientSupersededSchema.typeName: {
        const { nhsNumber, supersededBy } = fromBinary(PatientSupersededSchema, event.payload);
        return link(tx, nhsNumber, supersededBy || null);
      }
      case PatientConfidentialityChangedSchema.typeName: {
        const { nhsNumber, confidentiality } = fromBinary(PatientConfidentialityChangedSchema, event.payload);
        await tx.query(
          `INSERT INTO patient_facts (nhs_number, confidentiality) VALUES ($1, $2)
            ON CONFLICT (nhs_number) DO UPDATE SET confidentiality = excluded.confidentiality`,
          [nhsNumber, confidentiality],
        );
        return;
      }
      case PatientDiedSchema.typeName: {
        const { nhsNumber, deceased } = fromBinary(PatientDiedSchema, event.payload);
        await tx.query(
          `INSERT INTO patient_facts (nhs_number, deceased) VALUES ($1, $2)
            ON CONFLICT (nhs_number) DO UPDATE SET deceased = excluded.deceased`,
          [nhsNumber, deceased ? timestampDate(deceased).toISOString() : null],
        );
      }
    }
  }
}

/** Bounded, should contradictory events ever close a circle. */
const RETAINED_OF = `WITH RECURSIVE way AS (
    SELECT nhs_number, superseded_by, 0 AS hops FROM patient_facts WHERE nhs_number = $1
    UNION ALL
    SELECT next.nhs_number, next.superseded_by, way.hops + 1
      FROM way JOIN patient_facts AS next ON next.nhs_number = way.superseded_by WHERE way.hops < 20)
  SELECT coalesce(superseded_by, nhs_number) AS retained FROM way ORDER BY hops DESC LIMIT 1`;
const MERGED_INTO = `WITH RECURSIVE merged AS (
    SELECT nhs_number, 0 AS hops FROM patient_facts WHERE nhs_number = $1
    UNION
    SELECT former.nhs_number, merged.hops + 1
      FROM merged JOIN patient_facts AS former ON former.superseded_by = merged.nhs_number WHERE merged.hops < 20)
  UPDATE patient_facts SET retained = nullif($2, patient_facts.nhs_number) FROM merged WHERE patient_facts.nhs_number = merged.nhs_number`;

/** Notes by which record a number was superseded, and for it and all before it which record now stands for them. */
async function link(tx: PoolClient, nhsNumber: string, supersededBy: string | null): Promise<void> {
  const { rowCount } = await tx.query(
    `INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ($1, $2)
      ON CONFLICT (nhs_number) DO UPDATE SET superseded_by = excluded.superseded_by
      WHERE patient_facts.superseded_by IS DISTINCT FROM excluded.superseded_by`,
    [nhsNumber, supersededBy],
  );
  if (rowCount === 0) return;
  const { rows } = await tx.query<{ retained: string }>(RETAINED_OF, [nhsNumber]);
  await tx.query(MERGED_INTO, [nhsNumber, rows[0]?.retained ?? nhsNumber]);
}
