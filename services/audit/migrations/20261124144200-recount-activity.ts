import type { MigrationInterface, QueryRunner } from 'typeorm';
import { AccessRecordedSchema, fromBinary } from '@carespine/contracts';

const BATCH = 5000;

/**
 * What kind of thing an access was to, so that a search for a patient is told from others. With it a search counts once, and as a trace when it looks
 * for a patient: the service counts anew from the start of the log.
 */
export class RecountActivity20261124144200 implements MigrationInterface {
  readonly name = 'RecountActivity20261124144200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE access_events ADD COLUMN resource_type text NOT NULL DEFAULT '';
      ALTER TABLE access_events DISABLE TRIGGER access_events_append_only;
    `);
    for (let after = '-1'; ; ) {
      const rows = (await runner.query(`SELECT leaf_index, payload FROM access_events WHERE leaf_index > $1 AND salt <> '' ORDER BY leaf_index LIMIT ${BATCH}`, [after])) as {
        leaf_index: string;
        payload: Buffer;
      }[];
      const last = rows.at(-1);
      if (!last) break;
      await runner.query('UPDATE access_events AS e SET resource_type = given.type FROM unnest($1::bigint[], $2::text[]) AS given (leaf, type) WHERE e.leaf_index = given.leaf', [
        rows.map((row) => row.leaf_index),
        rows.map((row) => fromBinary(AccessRecordedSchema, row.payload).resourceType),
      ]);
      after = last.leaf_index;
    }
    await runner.query(`
      ALTER TABLE access_events ENABLE TRIGGER access_events_append_only;
      TRUNCATE activity_by_hour, enquiries_by_day;
      UPDATE activity_cursor SET next_leaf = 0;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    // the counts are right for what there was before, too
    await runner.query('ALTER TABLE access_events DROP COLUMN resource_type');
  }
}
