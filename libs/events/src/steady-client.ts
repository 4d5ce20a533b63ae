import { Client, type ClientConfig, type PoolConfig } from 'pg';

/** A connection whose loss is told by the query in hand; between two queries it would otherwise end the process. */
export class SteadyClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/** What the server is given to say itself that it gave up. */
const ANSWER_MS = 1_000;

/** A machine that is gone closes nothing: the server looks after 10 s, and again; and one that stands still holds no locks for longer than 30 s. */
const VANISHED = [
  '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
  '-c idle_in_transaction_session_timeout=30s',
].join(' ');

/**
 * Settings of a pool on whose transactions others may wait: neither end waits for ever for the other.
 *
 * @param statementTimeoutMs after which a statement is given up; 0 for never
 * @param options more of the session's settings, as `-c name=value`
 */
export const steadyPool = (statementTimeoutMs: number, options = ''): PoolConfig => ({
  ...{ Client: SteadyClient, connectionTimeoutMillis: 3000, keepAlive: true, options: `${VANISHED} ${options}`.trimEnd() },
  ...(statementTimeoutMs > 0 && { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + ANSWER_MS }),
});
