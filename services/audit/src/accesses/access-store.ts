import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { AccessRecordedSchema, fromBinary, Outcome, timestampMs } from '@carespine/contracts';
import { Batched, type ReceivedEvent } from '@carespine/events';
import { FIRST_OF_CHAIN, leafHashOf, newSalt } from '../transparency/leaf';

const COLUMNS = `event_id, recorded, ods_code, user_id, nhs_number, request_id, outcome, interaction, service, purpose, role_profile_id, client_id,
  client_address, resource_type, payload, leaf_index, salt, previous_leaf, leaf_hash`;

/** Keeps every access record, byte for byte, and gives each its place in the log: one after the other, without a gap. */
@Controller()
export class AccessStore {
  @EventPattern('audit.access.v1', Batched)
  async keep(@Payload() events: ReceivedEvent[], @Ctx() tx: PoolClient): Promise<void> {
    const records = events.map((event) => fromBinary(AccessRecordedSchema, event.payload));
    // the row lock makes writers take turns: places become visible in order
    const tail = await tx.query<{ first: string }>({
      name: 'log-tail',
      text: 'UPDATE log_tail SET next_index = next_index + $1 RETURNING next_index - $1 AS first',
      values: [events.length],
    });
    const first = BigInt(tail.rows[0]?.first ?? 0);
    const chains = await this.chainsOf([...new Set(records.map((record) => record.nhsNumber))].filter(Boolean), tx);
    const leaves = events.map((event, i) => {
      const patient = records[i]?.nhsNumber ?? '';
      const chain = chains.get(patient);
      const leaf = { salt: newSalt(), eventId: event.id, previousLeaf: chain?.lastLeaf ?? FIRST_OF_CHAIN, payload: event.payload };
      const hash = leafHashOf(leaf);
      if (patient !== '') chains.set(patient, { lastLeaf: hash, accesses: (chain?.accesses ?? 0) + 1 });
      return { ...leaf, hash };
    });
    await tx.query({
      name: 'keep-accesses',
      text: `INSERT INTO access_events (${COLUMNS})
        SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::smallint[], $9::text[],
          $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[], $16::bigint[], $17::bytea[], $18::bytea[], $19::bytea[])`,
      values: [
        events.map((event) => event.id),
        records.map((record) => new Date(record.recorded ? timestampMs(record.recorded) : 0).toISOString()),
        records.map((record) => record.agent?.odsCode ?? ''),
        records.map((record) => record.agent?.userId ?? ''),
        records.map((record) => record.nhsNumber),
        records.map((record) => record.requestId),
        records.map((record) => OUTCOME_CODES[record.outcome]),
        records.map((record) => record.interaction),
        records.map((record) => record.service),
        records.map((record) => record.purpose),
        records.map((record) => record.agent?.roleProfileId ?? ''),
        records.map((record) => record.agent?.clientId ?? ''),
        records.map((record) => record.clientAddress),
        records.map((record) => record.resourceType),
        events.map((event) => bytea(event.payload)),
        events.map((_, i) => (first + BigInt(i)).toString()),
        leaves.map(({ salt }) => bytea(salt)),
        leaves.map(({ previousLeaf }) => bytea(previousLeaf)),
        leaves.map(({ hash }) => bytea(hash)),
      ],
    });
    await tx.query({
      name: 'move-patient-chains',
      text: `INSERT INTO patient_chain (nhs_number, last_leaf, accesses) SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[])
        ON CONFLICT (nhs_number) DO UPDATE SET last_leaf = excluded.last_leaf, accesses = excluded.accesses`,
      values: [
        [...chains.keys()],
        [...chains.values()].map(({ lastLeaf }) => bytea(lastLeaf)),
        [...chains.values()].map(({ accesses }) => accesses),
      ],
    });
  }

  private async chainsOf(patients: string[], tx: PoolClient): Promise<Map<string, Chain>> {
    const { rows } = await tx.query<{ nhs_number: string; last_leaf: Buffer; accesses: string }>({
      name: 'patient-chains',
      text: 'SELECT nhs_number, last_leaf, accesses FROM patient_chain WHERE nhs_number = ANY($1::text[])',
      values: [patients],
    });
    return new Map(rows.map((row) => [row.nhs_number, { lastLeaf: row.last_leaf, accesses: Number(row.accesses) }]));
  }
}

/** Where one patient's accesses have got to. */
interface Chain {
  lastLeaf: Buffer;
  accesses: number;
}

const bytea = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;

/** FHIR AuditEventOutcome. */
export const OUTCOME_CODES: Record<Outcome, 0 | 4 | 8 | 12> = {
  [Outcome.UNSPECIFIED]: 12,
  [Outcome.SUCCESS]: 0,
  [Outcome.MINOR_FAILURE]: 4,
  [Outcome.SERIOUS_FAILURE]: 8,
  [Outcome.MAJOR_FAILURE]: 12,
};
