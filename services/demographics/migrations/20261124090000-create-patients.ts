import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The record as it is served, its searchable columns, its former versions and related people.
 *
 * Searchable columns are copies of what stands in `record`, written in the same statement: no foreign keys guard them,
 * because a national population is loaded through them. Most records are a little over the 2 KB at which PostgreSQL starts to
 * compress; they stay as they are, so that a read costs no decompression. No index by sound: a fuzzy search
 * reads the names of a day, of which there are about thirty in a million people, and the index would double the cost of a load.
 */
export class CreatePatients20261124090000 implements MigrationInterface {
  readonly name = 'CreatePatients20261124090000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE patients (
        nhs_number text CONSTRAINT patients_pkey PRIMARY KEY,
        version integer NOT NULL,
        status text NOT NULL CONSTRAINT patients_status CHECK (status IN ('active', 'superseded', 'invalidated')),
        superseded_by text,
        confidentiality text NOT NULL CONSTRAINT patients_confidentiality CHECK (confidentiality IN ('U', 'R', 'V')),
        record text NOT NULL,
        served text,
        birth_date date,
        gender text,
        death_date date,
        general_practitioner text,
        postcodes text[] NOT NULL,
        previous_postcodes text[] NOT NULL,
        emails text[] NOT NULL,
        previous_emails text[] NOT NULL,
        phones text[] NOT NULL,
        previous_phones text[] NOT NULL,
        CONSTRAINT patients_superseded CHECK ((status = 'superseded') = (superseded_by IS NOT NULL))
      ) WITH (toast_tuple_target = 8160);
      CREATE INDEX patients_by_superseded_by ON patients (superseded_by) WHERE superseded_by IS NOT NULL;

      CREATE TABLE patient_names (
        nhs_number text NOT NULL,
        birth_date date NOT NULL,
        family text NOT NULL,
        given text[] NOT NULL,
        previous boolean NOT NULL
      );
      CREATE INDEX patient_names_by_birth_date ON patient_names (birth_date, family text_pattern_ops);
      CREATE INDEX patient_names_by_nhs_number ON patient_names (nhs_number);

      CREATE TABLE patient_versions (
        nhs_number text NOT NULL,
        version integer NOT NULL,
        record text NOT NULL,
        replaced_at timestamptz NOT NULL DEFAULT now(),
        replaced_by_request text,
        CONSTRAINT patient_versions_pkey PRIMARY KEY (nhs_number, version)
      );

      CREATE TABLE related_persons (
        nhs_number text NOT NULL,
        id text NOT NULL,
        resource text NOT NULL,
        referenced_nhs_number text,
        CONSTRAINT related_persons_pkey PRIMARY KEY (nhs_number, id)
      );

      CREATE TABLE populations (
        seed integer CONSTRAINT populations_pkey PRIMARY KEY,
        patients integer NOT NULL
      );

      CREATE TABLE imports (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT imports_pkey PRIMARY KEY,
        file text NOT NULL,
        fingerprint text NOT NULL,
        byte_offset bigint NOT NULL DEFAULT 0,
        line bigint NOT NULL DEFAULT 0,
        loaded bigint NOT NULL DEFAULT 0,
        replaced bigint NOT NULL DEFAULT 0,
        already_loaded bigint NOT NULL DEFAULT 0,
        refused bigint NOT NULL DEFAULT 0,
        refused_bytes bigint NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz
      );
      CREATE UNIQUE INDEX imports_unfinished ON imports (file) WHERE finished_at IS NULL;
      CREATE TABLE import_numbers (
        import_id bigint NOT NULL,
        nhs_number text NOT NULL,
        line bigint NOT NULL,
        CONSTRAINT import_numbers_pkey PRIMARY KEY (import_id, nhs_number)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE import_numbers, imports, populations, related_persons, patient_versions, patient_names, patients');
  }
}
