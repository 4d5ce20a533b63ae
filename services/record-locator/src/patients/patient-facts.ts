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
 * Keeps what demographics says of patients and the index must heed: merges, restrictions and deaths. A number that nothing was said of is an
 * ordinary one. Each fact has its time: one that is replayed, or comes late, says nothing of now.
 */
@Controller()
export class PatientFacts {
  @EventPattern('demographics.patient.v1')
  async keep(@Payload() { type, payload, occurredAt }: ReceivedEvent, @Ctx() tx: PoolClient): Promise<void> {
    if (type === PatientSupersededSchema.typeName) {
      const { nhsNumber, supersededBy } = fromBinary(PatientSupersededSchema, payload);
      await link(tx, nhsNumber, supersededBy || null, occurredAt);
    } else if (type === PatientConfidentialityChangedSchema.typeName) {
      const { nhsNumber, confidentiality } = fromBinary(PatientConfidentialityChangedSchema, payload);
      await note(tx, nhsNumber, 'confidentiality', confidentiality, occurredAt);
    } else if (type === PatientDiedSchema.typeName) {
      const { nhsNumber, deceased } = fromBinary(PatientDiedSchema, payload);
      await note(tx, nhsNumber, 'deceased', deceased ? timestampDate(deceased).toISOString() : null, occurredAt);
    }
  }
}

/** @returns whether it was news: the fact that is held is not younger */
async function note(
  tx: PoolClient,
  nhsNumber: string,
  fact: 'superseded_by' | 'confidentiality' | 'deceased',
  value: string | null,
  occurredAt: Date,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO patient_facts AS held (nhs_number, ${fact}, ${fact}_at) VALUES ($1, $2, $3)
      ON CONFLICT (nhs_number) DO UPDATE SET ${fact} = excluded.${fact}, ${fact}_at = excluded.${fact}_at
      WHERE held.${fact}_at <= excluded.${fact}_at`,
    [nhsNumber, value, occurredAt],
  );
  return rowCount === 1;
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

/** Chains of merges run through patients of several partitions, whose events are applied side by side. */
const ONE_MERGE_AT_A_TIME = `SELECT pg_advisory_xact_lock(hashtext('patient merges'))`;

/** Notes by which record a number was superseded, and for it and all before it which record now stands for them. */
async function link(tx: PoolClient, nhsNumber: string, supersededBy: string | null, occurredAt: Date): Promise<void> {
  await tx.query(ONE_MERGE_AT_A_TIME);
  if (!(await note(tx, nhsNumber, 'superseded_by', supersededBy, occurredAt))) return;
  const { rows } = await tx.query<{ retained: string }>(RETAINED_OF, [nhsNumber]);
  await tx.query(MERGED_INTO, [nhsNumber, rows[0]?.retained ?? nhsNumber]);
}
