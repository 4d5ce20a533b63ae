import type { MigrationInterface, QueryRunner } from 'typeorm';
import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';
import { FIRST_OF_CHAIN, leafHashOf, newSalt } from '../src/transparency/leaf';

/**
 * Gives every access record its place in a log that can be proved, and the columns that alerts and reports ask for.
 * Records from before get their places in the order in which they were recorded.
 */
export class AddLeavesToAccessEvents20261124110000 implements MigrationInterface {
  readonly name = 'AddLeavesToAccessEvents20261124110000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE access_events
        ADD COLUMN interaction smallint NOT NULL DEFAULT 0,
        ADD COLUMN service text NOT NULL DEFAULT '',
        ADD COLUMN purpose text NOT NULL DEFAULT '',
        ADD COLUMN role_profile_id text NOT NULL DEFAULT '',
        ADD COLUMN client_id text NOT NULL DEFAULT '',
        ADD COLUMN client_address text NOT NULL DEFAULT '',
        ADD COLUMN leaf_index bigint,
        ADD COLUMN salt bytea,
        ADD COLUMN previous_leaf bytea,
        ADD COLUMN leaf_hash bytea;
      CREATE TABLE log_tail (next_index bigint NOT NULL);
      CREATE TABLE patient_chain (
        nhs_number text CONSTRAINT patient_chain_pkey PRIMARY KEY,
        last_leaf bytea NOT NULL,
        accesses bigint NOT NULL
      ) WITH (fillfactor = 70); -- room beside each row: a chain that moves on touches no index
      ALTER TABLE access_events DISABLE TRIGGER access_events_append_only;
    `);
    const earlier = await placeEarlierRecords(runner);
    await runner.query('INSERT INTO log_tail (next_index) VALUES ($1)', [earlier]);
    await runner.query(`
      ALTER TABLE access_events ENABLE TRIGGER access_events_append_only;
      ALTER TABLE access_events
        ALTER COLUMN leaf_index SET NOT NULL,
        ALTER COLUMN salt SET NOT NULL,
        ALTER COLUMN previous_leaf SET NOT NULL,
        ALTER COLUMN leaf_hash SET NOT NULL;
      CREATE UNIQUE INDEX access_events_leaf ON access_events (leaf_index);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE log_tail, patient_chain;
      ALTER TABLE access_events DROP COLUMN interaction, DROP COLUMN service, DROP COLUMN purpose, DROP COLUMN role_profile_id, DROP COLUMN client_id,
        DROP COLUMN client_address, DROP COLUMN leaf_index, DROP COLUMN salt, DROP COLUMN previous_leaf, DROP COLUMN leaf_hash;
    `);
  }
}

/** @returns how many there were */
async function placeEarlierRecords(runner: QueryRunner): Promise<number> {
  const chains = new Map<string, { lastLeaf: Buffer; accesses: number }>();
  for (let index = 0; ; ) {
    const rows = (await runner.query(
      'SELECT event_id, payload FROM access_events WHERE leaf_index IS NULL ORDER BY recorded, event_id LIMIT 1000',
    )) as { event_id: string; payload: Buffer }[];
    if (rows.length === 0) {
      for (const [nhsNumber, { lastLeaf, accesses }] of chains) {
        await runner.query('INSERT INTO patient_chain (nhs_number, last_leaf, accesses) VALUES ($1, $2, $3)', [nhsNumber, lastLeaf, accesses]);
      }
      return index;
    }
    for (const { event_id: eventId, payload } of rows) {
      const record = fromBinary(AccessRecordedSchema, payload);
      const chain = record.nhsNumber ? chains.get(record.nhsNumber) : undefined;
      const leaf = { salt: newSalt(), eventId, previousLeaf: chain?.lastLeaf ?? FIRST_OF_CHAIN, payload };
      const hash = leafHashOf(leaf);
      if (record.nhsNumber) chains.set(record.nhsNumber, { lastLeaf: hash, accesses: (chain?.accesses ?? 0) + 1 });
      await runner.query(
        `UPDATE access_events SET leaf_index = $2, salt = $3, previous_leaf = $4, leaf_hash = $5, interaction = $6, service = $7, purpose = $8,
          role_profile_id = $9, client_id = $10, client_address = $11 WHERE event_id = $1`,
        [
          eventId,
          index++,
          leaf.salt,
          leaf.previousLeaf,
          hash,
          record.interaction,
          record.service,
          record.purpose,
          record.agent?.roleProfileId ?? '',
          record.agent?.clientId ?? '',
          record.clientAddress,
        ],
      );
    }
  }
}
