import { Injectable } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Principal } from '@carespine/access-control';
import { Gathering, inTransaction, Outbox, PatientKey } from '@carespine/events';
import { Fault, type NhsNumber, type Patient } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { updatePatient } from '../updates/update-patient';
import { withHidden } from './hidden';
import { todayInLondon } from './london';
import { eventsOfUpdate } from './patient-events';
import { nameRowsOf, rowOf, type NameRow, type PatientRow } from './patient-row';
import { ORDINARY_VIEW, serve, type Confidentiality } from './serving';
import { isOrdinary, viewOf } from './view';

/** A record as its caller may see it. */
export interface Served {
  nhsNumber: string;
  version: number;
  confidentiality: Confidentiality;
  /** Patient as FHIR JSON. */
  json: string;
}

interface Current {
  nhs_number: string;
  version: number;
  status: PatientRow['status'];
  superseded_by: string | null;
  confidentiality: Confidentiality;
  answer: string;
  record: string | null;
}

/** A number that was superseded more often than this points to a circle. */
const LONGEST_CHAIN = 10;

const READ = `SELECT nhs_number, version, status, superseded_by, confidentiality, coalesce(served, record) AS answer`;
const READ_ORDINARY = `${READ}, NULL AS record FROM patients WHERE nhs_number = ANY($1)`;
const READ_WHOLE = `${READ}, CASE WHEN served IS NOT NULL THEN record END AS record FROM patients WHERE nhs_number = ANY($1)`;
/** Reads that come together share a statement. */
const LARGEST_READ = 64;

/** The national register of who a patient is. */
@Injectable()
export class PatientRegister {
  private readonly ordinaryReads: Gathering<string, Current | undefined>;
  private readonly wholeReads: Gathering<string, Current | undefined>;

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly patientKey: PatientKey,
  ) {
    this.ordinaryReads = this.reads('patients-read', READ_ORDINARY);
    this.wholeReads = this.reads('patients-read-whole', READ_WHOLE);
  }

  /**
   * The current record of a number; of a superseded one, the retained record.
   *
   * @throws Fault RESOURCE_NOT_FOUND, INVALIDATED_RESOURCE
   */
  async read(nhsNumber: NhsNumber, who: Principal): Promise<Served> {
    const view = viewOf(who);
    const reads = isOrdinary(view) ? this.ordinaryReads : this.wholeReads;
    let next: string = nhsNumber;
    for (let hop = 0; hop < LONGEST_CHAIN; hop++) {
      const row = await reads.add(next);
      if (!row) throw new Fault('RESOURCE_NOT_FOUND');
      if (row.status === 'invalidated') throw new Fault('INVALIDATED_RESOURCE');
      if (row.superseded_by === null) {
        const json = row.record === null ? row.answer : JSON.stringify(serve(JSON.parse(row.record) as Patient, view));
        return { nhsNumber: row.nhs_number, version: row.version, confidentiality: row.confidentiality, json };
      }
      next = row.superseded_by;
    }
    throw new Fault('RESOURCE_NOT_FOUND');
  }

  /**
   * Applies an update, all of it or nothing; the same request sent again is answered as the first time.
   *
   * @param version from If-Match
   * @param body `{ "patches": [...] }`, unchecked
   * @throws Fault with the outcomes of the specification's section 7.3
   */
  async update(nhsNumber: NhsNumber, version: number, body: unknown, who: Principal, request: { id: string; traceparent: string }): Promise<Served> {
    const sent = createHash('sha256').update(JSON.stringify([request.id, who.client.id, who.userId ?? '', body])).digest('base64url');
    return inTransaction(this.database.pool, async (tx) => {
      const row = await locked(tx, nhsNumber);
      if (row.version !== version) {
        const repeated = version < row.version ? await this.earlierAnswer(tx, row, version, sent, who) : undefined;
        if (repeated) return repeated;
        throw new Fault('RESOURCE_VERSION_MISMATCH', {
          diagnostics: `Invalid update with error - This resource has changed since you last read. Please re-read and try again with the new version number.`,
        });
      }
      const today = todayInLondon();
      const before = JSON.parse(row.record) as Patient;
      const seen = serve(before, ORDINARY_VIEW);
      const updated = updatePatient(seen, body, {
        today,
        now: new Date().toISOString(),
        mode: who.mode === 'user-restricted' ? 'user-restricted' : 'application-restricted',
        newObjectId: () => randomBytes(4).toString('hex').toUpperCase(),
      });
      const after = withHidden(before, seen, updated);
      await this.replace(tx, row, before, after, { sent, today });
      await this.outbox.add(tx, eventsOfUpdate(before, after, this.patientKey, request.traceparent));
      return { nhsNumber, version: version + 1, confidentiality: row.confidentiality, json: JSON.stringify(serve(after, viewOf(who))) };
    });
  }

  private reads(name: string, text: string): Gathering<string, Current | undefined> {
    return new Gathering(
      async (numbers) => {
        const { rows } = await this.database.query<Current>({ name, text, values: [numbers] });
        if (numbers.length === 1) return rows;
        const byNumber = new Map(rows.map((row) => [row.nhs_number, row]));
        return numbers.map((number) => byNumber.get(number));
      },
      LARGEST_READ,
    );
  }

  private async replace(tx: PoolClient, row: PatientRow, before: Patient, after: Patient, { sent, today }: { sent: string; today: string }): Promise<void> {
    const next = rowOf(after, today, row);
    await tx.query({
      name: 'patient-replace',
      text: `WITH replaced AS (INSERT INTO patient_versions (nhs_number, version, record, replaced_by_request) VALUES ($1, $2, $3, $4))
       UPDATE patients SET version = $5, record = $6, served = $7, birth_date = $8, gender = $9, death_date = $10, general_practitioner = $11,
         postcodes = $12, previous_postcodes = $13, emails = $14, previous_emails = $15, phones = $16, previous_phones = $17
       WHERE nhs_number = $1`,
      values: [
        next.nhs_number, row.version, row.record, sent, next.version, next.record, next.served, next.birth_date, next.gender, next.death_date,
        next.general_practitioner, next.postcodes, next.previous_postcodes, next.emails, next.previous_emails, next.phones, next.previous_phones,
      ], // prettier-ignore
    });
    if (before.birthDate === after.birthDate && JSON.stringify(before.name) === JSON.stringify(after.name)) return;
    const replaced = await tx.query<NameRow>(
      'DELETE FROM patient_names WHERE nhs_number = $1 RETURNING nhs_number, to_char(birth_date, \'YYYY-MM-DD\') AS birth_date, family, given, previous',
      [next.nhs_number],
    );
    for (const name of nameRowsOf(after, today, replaced.rows)) {
      await tx.query('INSERT INTO patient_names (nhs_number, birth_date, family, given, previous) VALUES ($1, $2, $3, $4, $5)', [
        name.nhs_number,
        name.birth_date,
        name.family,
        name.given,
        name.previous,
      ]);
    }
  }

  /** What the very same request was answered when it came first; undefined when this is another. */
  private async earlierAnswer(tx: PoolClient, row: PatientRow, version: number, sent: string, who: Principal): Promise<Served | undefined> {
    const same = await tx.query('SELECT 1 FROM patient_versions WHERE nhs_number = $1 AND version = $2 AND replaced_by_request = $3', [
      row.nhs_number,
      version,
      sent,
    ]);
    if (same.rowCount === 0) return undefined;
    const { rows: later } =
      row.version === version + 1
        ? { rows: [row] }
        : await tx.query<{ record: string }>('SELECT record FROM patient_versions WHERE nhs_number = $1 AND version = $2', [row.nhs_number, version + 1]);
    const json = JSON.stringify(serve(JSON.parse(later[0]?.record ?? row.record) as Patient, viewOf(who)));
    return { nhsNumber: row.nhs_number, version: version + 1, confidentiality: row.confidentiality, json };
  }
}

/** @throws Fault for a record that may not be written at all */
async function locked(tx: PoolClient, nhsNumber: NhsNumber): Promise<PatientRow> {
  const { rows } = await tx.query<PatientRow>({ name: 'patient-lock', text: 'SELECT * FROM patients WHERE nhs_number = $1 FOR UPDATE', values: [nhsNumber] });
  const row = rows[0];
  if (!row) throw new Fault('RESOURCE_NOT_FOUND');
  if (row.status === 'invalidated') throw new Fault('INVALIDATED_RESOURCE');
  if (row.status === 'superseded') {
    throw new Fault('FORBIDDEN_UPDATE', { diagnostics: 'Forbidden update with error - resource has been superseded' });
  }
  return row;
}
