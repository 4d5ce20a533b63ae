import { Injectable } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import { Database } from '@carespine/service-kit';
import { Clock } from '../sessions/clock';
import { hashOf } from '../sessions/session-cookie';

/** What is remembered from sending a user to the identity provider until her return. */
export interface SignInUnderWay {
  nonce: string;
  codeVerifier: string;
  acrValues: string;
  returnTo: string;
  /** User id, when a session is to be strengthened: nobody else may come back. */
  stepUpOf?: string;
  startedAt: Date;
}

export const SIGN_IN_SECONDS = 600;

/** Sign-ins that began and are not finished, each for one browser and good for one return. */
@Injectable()
export class SignInsUnderWay {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async add(browser: string, state: string, signIn: Omit<SignInUnderWay, 'startedAt'>): Promise<void> {
    const { nonce, codeVerifier, acrValues, returnTo, stepUpOf = null } = signIn;
    const now = new Date(this.clock.nowMs());
    await this.database.query({
      name: 'sign-in-add',
      text: `WITH swept AS (DELETE FROM sign_ins WHERE started_at < $9)
        INSERT INTO sign_ins (state_hash, browser_hash, nonce, code_verifier, acr_values, return_to, step_up_of, started_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      values: [hashOf(state), hashOf(browser), nonce, codeVerifier, acrValues, returnTo, stepUpOf, now, this.oldest()],
    });
  }

  /** The sign-in of that state, once; undefined when it is unknown, used, too old or another browser's. */
  async take(browser: string, state: string): Promise<SignInUnderWay | undefined> {
    const { rows } = await this.database.query<Row>({
      name: 'sign-in-take',
      text: `DELETE FROM sign_ins WHERE state_hash = $1 AND browser_hash = $2 AND started_at >= $3
        RETURNING nonce, code_verifier, acr_values, return_to, step_up_of, started_at`,
      values: [hashOf(state), hashOf(browser), this.oldest()],
    });
    const [row] = rows;
    return (
      row && {
        nonce: row.nonce,
        codeVerifier: row.code_verifier,
        acrValues: row.acr_values,
        returnTo: row.return_to,
        startedAt: row.started_at,
        ...(row.step_up_of !== null && { stepUpOf: row.step_up_of }),
      }
    );
  }

  private oldest(): Date {
    return new Date(this.clock.nowMs() - SIGN_IN_SECONDS * 1000);
  }
}

interface Row extends QueryResultRow {
  nonce: string;
  code_verifier: string;
  acr_values: string;
  return_to: string;
  step_up_of: string | null;
  started_at: Date;
}
