import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens of suppliers' applications, and what they have used up. Tokens are kept as SHA-256 alone. */
export class CreateAccessTokens20261124092000 implements MigrationInterface {
  readonly name = 'CreateAccessTokens20261124092000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE supplier_sessions (
        id uuid CONSTRAINT supplier_sessions_pkey PRIMARY KEY,
        client_id text NOT NULL,
        staff jsonb NOT NULL,
        selected_role_id text,
        aal smallint NOT NULL,
        sid text,
        opened_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE INDEX supplier_sessions_by_sid ON supplier_sessions (sid) WHERE sid IS NOT NULL;
      CREATE INDEX supplier_sessions_by_expires_at ON supplier_sessions (expires_at);

      CREATE TABLE access_tokens (
        token_hash bytea CONSTRAINT access_tokens_pkey PRIMARY KEY,
        client_id text NOT NULL,
        mode text NOT NULL CONSTRAINT access_tokens_mode
          CHECK (mode IN ('application-restricted', 'privileged-application-restricted', 'user-restricted')),
        session_id uuid CONSTRAINT access_tokens_session REFERENCES supplier_sessions ON DELETE CASCADE,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT access_tokens_user CHECK ((mode = 'user-restricted') = (session_id IS NOT NULL))
      );
      CREATE INDEX access_tokens_by_session ON access_tokens (session_id) WHERE session_id IS NOT NULL;
      CREATE INDEX access_tokens_by_expires_at ON access_tokens (expires_at);

      CREATE TABLE refresh_tokens (
        token_hash bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
        session_id uuid NOT NULL CONSTRAINT refresh_tokens_session REFERENCES supplier_sessions ON DELETE CASCADE,
        refresh_count integer NOT NULL,
        used_at timestamptz
      );
      CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

      CREATE TABLE client_assertions (
        client_id text NOT NULL,
        jti text NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT client_assertions_pkey PRIMARY KEY (client_id, jti)
      );
      CREATE INDEX client_assertions_by_seen_at ON client_assertions (seen_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE client_assertions, refresh_tokens, access_tokens, supplier_sessions');
  }
}
