import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Browser sessions, sign-ins under way, and what the identity provider ended. Secrets are kept as SHA-256 alone. */
export class CreateSessions20261124091000 implements MigrationInterface {
  readonly name = 'CreateSessions20261124091000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sessions (
        id_hash bytea CONSTRAINT sessions_pkey PRIMARY KEY,
        id uuid NOT NULL,
        user_id text NOT NULL,
        staff jsonb NOT NULL,
        position_id text,
        aal smallint NOT NULL,
        sid text,
        id_token text NOT NULL,
        started_at timestamptz NOT NULL,
        authenticated_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        ended_at timestamptz,
        end_reason text CONSTRAINT sessions_end_reason
          CHECK (end_reason IN ('logout', 'elsewhere', 'idle', 'absolute', 'back-channel', 'rotated')),
        CONSTRAINT sessions_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL))
      );
      CREATE UNIQUE INDEX sessions_one_a_user ON sessions (user_id) WHERE ended_at IS NULL;
      CREATE INDEX sessions_by_sid ON sessions (sid) WHERE sid IS NOT NULL;
      CREATE INDEX sessions_by_user_id ON sessions (user_id);
      CREATE INDEX sessions_by_started_at ON sessions (started_at);

      CREATE TABLE sign_ins (
        state_hash bytea CONSTRAINT sign_ins_pkey PRIMARY KEY,
        browser_hash bytea NOT NULL,
        nonce text NOT NULL,
        code_verifier text NOT NULL,
        acr_values text NOT NULL,
        return_to text NOT NULL,
        step_up_of text,
        started_at timestamptz NOT NULL
      );
      CREATE INDEX sign_ins_by_started_at ON sign_ins (started_at);

      CREATE TABLE revoked_sids (
        sid text CONSTRAINT revoked_sids_pkey PRIMARY KEY,
        revoked_at timestamptz NOT NULL
      );
      CREATE INDEX revoked_sids_by_revoked_at ON revoked_sids (revoked_at);

      CREATE TABLE logout_tokens (
        jti_hash bytea CONSTRAINT logout_tokens_pkey PRIMARY KEY,
        seen_at timestamptz NOT NULL
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE logout_tokens, revoked_sids, sign_ins, sessions');
  }
}
