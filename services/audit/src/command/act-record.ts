import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { AccessLog } from '@carespine/access-control';
import { Interaction, Outcome } from '@carespine/contracts';
import { Outbox, PatientKey } from '@carespine/events';
import type { AuditConfig } from '../config';

/** An act of an operator on the log itself. */
export interface OperatorAct {
  /** In words, e.g. `Place litigation hold`. */
  name: string;
  /** Free of personal data: the case, the date. */
  query: string;
  /** NHS numbers that it is about. */
  patients?: readonly string[];
}

/**
 * Records the act as an access, by this user, before it is done: no record, no act.
 *
 * @param userId as in the people file
 */
export async function recordAct({ DATABASE_URL, PATIENT_KEY_SECRET, OPERATOR_ODS_CODE, OPERATOR_NAME }: AuditConfig, userId: string, { name, query, patients = [] }: OperatorAct): Promise<void> {
  const pool = new Pool({ connectionString: DATABASE_URL, max: 1 });
  pool.on('error', () => undefined); // the query in hand tells
  try {
    const log = new AccessLog('audit', new Outbox(pool), new PatientKey(PATIENT_KEY_SECRET));
    await log.record(
      {
        interaction: Interaction.OPERATION,
        name,
        query,
        resource: 'AuditEvent',
        outcome: Outcome.SUCCESS,
        purpose: 'HSYSADMIN',
        requestId: randomUUID(),
        agent: { userId, odsCode: OPERATOR_ODS_CODE, organisationName: OPERATOR_NAME },
      },
      patients.map((nhsNumber) => ({ nhsNumber })),
    );
  } finally {
    await pool.end();
  }
}
