import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Pointers as they are served, what was done to them, who may see which types, and what other services say of patients.
 *
 * Ids begin with their custodian's ODS code, so that in the order of bytes the key also lists one organisation's pointers. A patient has
 * few pointers: one index by patient and type serves every search. Records are a little over or under the 2 KB at which PostgreSQL
 * starts to compress; they stay as they are, so that a search costs no decompression.
 */
export class CreatePointers20261124130000 implements MigrationInterface {
  readonly name = 'CreatePointers20261124130000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE pointers (
        id text COLLATE "C" CONSTRAINT pointers_pkey PRIMARY KEY,
        nhs_number text NOT NULL,
        type text NOT NULL,
        custodian text NOT NULL,
        date timestamptz NOT NULL,
        record text NOT NULL
      ) WITH (toast_tuple_target = 8160);
      CREATE INDEX pointers_by_patient ON pointers (nhs_number, type);

      CREATE TABLE pointer_changes (
        number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pointer_changes_pkey PRIMARY KEY,
        changed_at timestamptz NOT NULL DEFAULT now(),
        change text NOT NULL CONSTRAINT pointer_changes_change CHECK (change IN ('created', 'superseded', 'updated', 'deleted')),
        pointer_id text COLLATE "C" NOT NULL,
        nhs_number text NOT NULL,
        organisation text NOT NULL,
        application text NOT NULL,
        user_id text,
        request_id text NOT NULL,
        record text NOT NULL
      );
      CREATE INDEX pointer_changes_by_pointer ON pointer_changes (pointer_id);

      CREATE TABLE pointer_permissions (
        application text NOT NULL,
        organisation text NOT NULL,
        side text NOT NULL CONSTRAINT pointer_permissions_side CHECK (side IN ('producer', 'consumer')),
        types text[] NOT NULL,
        access_controls text[] NOT NULL,
        granted_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz,
        CONSTRAINT pointer_permissions_pkey PRIMARY KEY (application, organisation, side)
      );

      CREATE TABLE patient_facts (
        nhs_number text CONSTRAINT patient_facts_pkey PRIMARY KEY,
        superseded_by text,
        retained text,
        confidentiality text NOT NULL DEFAULT 'U' CONSTRAINT patient_facts_confidentiality CHECK (confidentiality IN ('U', 'R', 'V')),
        deceased timestamptz
      );
      CREATE INDEX patient_facts_by_retained ON patient_facts (retained) WHERE retained IS NOT NULL;

      CREATE TABLE imports (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT imports_pkey PRIMARY KEY,
        file text NOT NULL,
        organisation text NOT NULL,
        fingerprint text NOT NULL,
        byte_offset bigint NOT NULL DEFAULT 0,
        line bigint NOT NULL DEFAULT 0,
        loaded bigint NOT NULL DEFAULT 0,
        already_loaded bigint NOT NULL DEFAULT 0,
        refused bigint NOT NULL DEFAULT 0,
        refused_bytes bigint NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz
      );
      CREATE UNIQUE INDEX imports_unfinished ON imports (file, organisation) WHERE finished_at IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE imports, patient_facts, pointer_permissions, pointer_changes, pointers');
  }
}
