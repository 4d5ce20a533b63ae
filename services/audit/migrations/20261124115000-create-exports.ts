import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reports as files, made in the background and kept for a day; in the database, so that every replica can go on with one and serve it. */
export class CreateExports20261124115000 implements MigrationInterface {
  readonly name = 'CreateExports20261124115000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE exports (
        id uuid CONSTRAINT exports_pkey PRIMARY KEY,
        user_id text NOT NULL,
        ods_code text NOT NULL,
        officer jsonb NOT NULL,
        report text NOT NULL,
        format text NOT NULL,
        query jsonb NOT NULL,
        status text NOT NULL DEFAULT 'running',
        done integer NOT NULL DEFAULT 0,
        total integer,
        capped integer,
        parts integer NOT NULL DEFAULT 0,
        next_page text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        worked_at timestamptz NOT NULL DEFAULT '-infinity'
      );
      CREATE INDEX exports_of_user ON exports (user_id, ods_code);
      CREATE TABLE export_parts (
        export_id uuid NOT NULL CONSTRAINT export_parts_of REFERENCES exports (id) ON DELETE CASCADE,
        part integer NOT NULL,
        bytes bytea NOT NULL,
        CONSTRAINT export_parts_pkey PRIMARY KEY (export_id, part)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE export_parts, exports');
  }
}
