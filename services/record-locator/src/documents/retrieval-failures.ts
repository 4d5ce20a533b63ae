import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Database, LOG, type Log } from '@carespine/service-kit';
import type { RetrievalCode } from './retrieval-failure';

/** Failures are kept for as many days. */
export const KEPT_DAYS = 30;

export interface FailureCount {
  code: string;
  count: number;
  /** ISO 8601 */
  latest: string;
}

export interface KeptFailure {
  pointerId: string;
  code: string;
  /** ISO 8601 */
  at: string;
}

/** What of a custodian's documents could not be had: pointer, code and when; who asked and for whom stays in the access records. */
@Injectable()
export class RetrievalFailures {
  constructor(
    @Inject(Database) private readonly database: { pool: Pool },
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Never fails: the answer that it is about does not wait for it. */
  async note(custodian: string, pointerId: string, code: RetrievalCode): Promise<void> {
    await this.database.pool
      .query(
        `WITH outlived AS (DELETE FROM retrieval_failures WHERE failed_at < now() - interval '${KEPT_DAYS} days')
          INSERT INTO retrieval_failures (custodian, pointer_id, code) VALUES ($1, $2, $3)`,
        [custodian, pointerId, code],
      )
      .catch((error: unknown) => this.log.warn({ err: error, code }, 'document.failure-not-kept'));
  }

  /** @param most of the latest that are listed; all are counted */
  async of(custodian: string, days: number, most: number): Promise<{ codes: FailureCount[]; latest: KeptFailure[] }> {
    const since = [custodian, days];
    const [codes, latest] = await Promise.all([
      this.database.pool.query<{ code: string; count: number; latest: Date }>(
        `SELECT code, count(*)::int AS count, max(failed_at) AS latest FROM retrieval_failures
          WHERE custodian = $1 AND failed_at >= now() - make_interval(days => $2) GROUP BY code ORDER BY count DESC, code`,
        since,
      ),
      this.database.pool.query<{ pointerId: string; code: string; at: Date }>(
        `SELECT pointer_id AS "pointerId", code, failed_at AS at FROM retrieval_failures
          WHERE custodian = $1 AND failed_at >= now() - make_interval(days => $2) ORDER BY failed_at DESC LIMIT $3`,
        [...since, most],
      ),
    ]);
    return {
      codes: codes.rows.map((row) => ({ ...row, latest: row.latest.toISOString() })),
      latest: latest.rows.map((row) => ({ ...row, at: row.at.toISOString() })),
    };
  }
}
