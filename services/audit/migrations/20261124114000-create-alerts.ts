import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Alerts and all that belongs to them. History, evidence and policies are append-only: their tables refuse UPDATE, DELETE and TRUNCATE.
 * What the rules must remember of the past beside the access records: patients who are no ordinary ones, emergencies, networks, reads that wait for a contact.
 */
export class CreateAlerts20261124114000 implements MigrationInterface {
  readonly name = 'CreateAlerts20261124114000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;

      CREATE TABLE alerts (
        reference text CONSTRAINT alerts_pkey PRIMARY KEY,
        ods_code text NOT NULL,
        organisation_name text NOT NULL,
        rule text NOT NULL,
        cause text NOT NULL,
        day date NOT NULL,
        reason text NOT NULL,
        nhs_number text NOT NULL,
        user_id text NOT NULL,
        user_name text NOT NULL,
        job_role text NOT NULL,
        job_role_name text NOT NULL,
        role_profile_id text NOT NULL,
        note text NOT NULL,
        occurred_at timestamptz NOT NULL,
        raised_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
        status text NOT NULL DEFAULT 'new' CONSTRAINT alerts_status CHECK (status IN ('new', 'under-investigation', 'closed')),
        assignee text,
        outcome text CONSTRAINT alerts_outcome CHECK (outcome IN ('appropriate', 'inappropriate', 'needs-action-elsewhere', 'duplicate')),
        duplicate_of text,
        escalated boolean NOT NULL DEFAULT false,
        for_guardian boolean NOT NULL,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT alerts_closed CHECK ((status = 'closed') = (outcome IS NOT NULL))
      );
      CREATE INDEX alerts_of_organisation ON alerts (ods_code, raised_at DESC, reference DESC);
      CREATE INDEX alerts_of_cause ON alerts (ods_code, rule, cause, day);
      CREATE INDEX alerts_new ON alerts (raised_at) WHERE status = 'new' AND NOT escalated;

      CREATE TABLE alert_evidence (
        reference text NOT NULL,
        event_id uuid NOT NULL,
        recorded timestamptz NOT NULL,
        CONSTRAINT alert_evidence_pkey PRIMARY KEY (reference, event_id)
      );
      CREATE TABLE alert_history (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_history_pkey PRIMARY KEY,
        reference text NOT NULL,
        at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
        by_user_id text,
        by_name text,
        step text NOT NULL,
        note text,
        outcome text,
        assignee text,
        duplicate_of text
      );
      CREATE INDEX alert_history_of_alert ON alert_history (reference, id);

      CREATE TABLE organisation_policies (
        ods_code text NOT NULL,
        version integer NOT NULL,
        policy jsonb NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
        changed_by text NOT NULL,
        changed_by_name text NOT NULL,
        CONSTRAINT organisation_policies_pkey PRIMARY KEY (ods_code, version)
      );
      CREATE TABLE alert_samples (
        id uuid CONSTRAINT alert_samples_pkey PRIMARY KEY,
        ods_code text NOT NULL,
        from_day date NOT NULL,
        to_day date NOT NULL,
        seed text NOT NULL,
        share smallint NOT NULL,
        selection text NOT NULL,
        drawn_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
        drawn_by text NOT NULL,
        drawn_by_name text NOT NULL
      );
      CREATE INDEX alert_samples_of_organisation ON alert_samples (ods_code, drawn_at DESC, id DESC);
      CREATE TABLE sampled_alerts (
        sample_id uuid NOT NULL,
        reference text NOT NULL,
        drawn boolean NOT NULL,
        CONSTRAINT sampled_alerts_pkey PRIMARY KEY (sample_id, reference)
      );

      CREATE TABLE alert_cursor (leaf_index bigint NOT NULL);
      INSERT INTO alert_cursor SELECT next_index - 1 FROM log_tail;
      CREATE TABLE patient_facts (
        nhs_number text CONSTRAINT patient_facts_pkey PRIMARY KEY,
        restricted boolean NOT NULL DEFAULT false,
        deceased timestamptz,
        superseded_by text
      );
      CREATE INDEX patient_facts_superseded ON patient_facts (superseded_by) WHERE superseded_by IS NOT NULL;
      CREATE TABLE emergency_accesses (
        event_id uuid CONSTRAINT emergency_accesses_pkey PRIMARY KEY,
        user_id text NOT NULL,
        ods_code text NOT NULL,
        nhs_number text NOT NULL,
        recorded timestamptz NOT NULL
      );
      CREATE INDEX emergency_accesses_of_user ON emergency_accesses (user_id, ods_code, recorded);
      CREATE TABLE client_networks (
        ods_code text NOT NULL,
        client_id text NOT NULL,
        network text NOT NULL,
        first_used timestamptz NOT NULL,
        CONSTRAINT client_networks_pkey PRIMARY KEY (ods_code, client_id, network)
      );
      CREATE TABLE awaited_contacts (
        event_id uuid CONSTRAINT awaited_contacts_pkey PRIMARY KEY,
        due_at timestamptz NOT NULL
      );
      CREATE INDEX awaited_contacts_due ON awaited_contacts (due_at);
    `);
    for (const table of ['alert_history', 'alert_evidence', 'organisation_policies', 'alert_samples', 'sampled_alerts']) {
      await runner.query(`CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE awaited_contacts, client_networks, emergency_accesses, patient_facts, alert_cursor, sampled_alerts, alert_samples, organisation_policies,
        alert_history, alert_evidence, alerts;
      DROP FUNCTION refuse_change_of_history;
    `);
  }
}
