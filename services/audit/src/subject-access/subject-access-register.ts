import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { londonDay } from '../london';
import { invalid } from '../parameters';
import { isGuardian } from '../reports/report-query';
import { monthsAfter, TIME_TO_ANSWER, TIME_WHEN_EXTENDED } from './due-date';
import { Preparation } from './preparation';
import { REQUEST_COLUMNS, stepsFrom, summaryOf, type Exclusion, type Format, type RequestRow, type RequestSummary, type Status, type Step, type SubjectAccessRequest } from './request';

export interface NewRequest {
  nhsNumber: string;
  from: string;
  to: string;
  receivedOn: string;
  identityChecks: string[];
  withholdNames: boolean;
  withholdReason?: string;
}

export interface StepTaken {
  version: number;
  step: Step;
  note?: string;
  what?: Exclusion;
  accesses: string[];
}

/** Subject access requests of an organisation, and their way to an answer. */
@Injectable()
export class SubjectAccessRegister {
  constructor(
    private readonly database: Database,
    private readonly preparation: Preparation,
  ) {}

  /** @throws Fault when the officer asks about her own record */
  async open(who: Principal, request: NewRequest): Promise<SubjectAccessRequest> {
    const own = await this.database.query({ text: 'SELECT FROM staff_patients WHERE user_id = $1 AND nhs_number = $2', values: [who.userId ?? '', request.nhsNumber] });
    if (own.rowCount) throw new Fault('ACCESS_DENIED', { diagnostics: 'A request about your own record is for a colleague to handle', expression: 'nhsNumber' });
    const reference = newReference();
    await this.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO subject_access_requests (reference, ods_code, organisation_name, nhs_number, from_day, to_day, received_on, due_on, identity_checks, withhold_names, withhold_reason)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          reference,
          who.organisation.odsCode,
          who.organisation.name,
          request.nhsNumber,
          request.from,
          request.to,
          request.receivedOn,
          monthsAfter(request.receivedOn, TIME_TO_ANSWER),
          request.identityChecks,
          request.withholdNames,
          request.withholdReason ?? null,
        ],
      );
      await remember(tx, reference, who, 'open', undefined);
    });
    this.preparation.ring();
    return this.find(who, reference);
  }

  /** Newest first. */
  async list(who: Principal, status: Status | undefined, count: number, page: string | undefined): Promise<{ requests: RequestSummary[]; next?: string }> {
    const values: unknown[] = [who.organisation.odsCode, count + 1];
    const conditions = ['ods_code = $1'];
    if (status) conditions.push(`status = $${values.push(status)}`);
    if (page !== undefined) {
      const [createdAt, reference] = placeOf(page);
      conditions.push(`(created_at, reference) < ($${values.push(createdAt)}::timestamptz, $${values.push(reference)})`);
    }
    const { rows } = await this.database.query<RequestRow>({
      text: `SELECT ${REQUEST_COLUMNS} FROM subject_access_requests WHERE ${conditions.join(' AND ')} ORDER BY created_at DESC, reference DESC LIMIT $2`,
      values,
    });
    const shown = rows.slice(0, count);
    const last = rows.length > count ? shown.at(-1) : undefined;
    return { requests: shown.map(summaryOf), ...(last && { next: Buffer.from(`${last.created_at.toISOString()} ${last.reference}`).toString('base64url') }) };
  }

  async find(who: Principal, reference: string): Promise<SubjectAccessRequest> {
    const row = await this.rowOf(who, reference);
    const [history, exclusions] = await Promise.all([
      this.database.query<{ at: Date; by_user_id: string | null; by_name: string; step: string; note: string | null }>({
        text: 'SELECT at, by_user_id, by_name, step, note FROM subject_access_history WHERE reference = $1 ORDER BY id',
        values: [reference],
      }),
      this.database.query<{ what: Exclusion; reason: string; accesses: number; decided_by: string; decided_by_name: string; decided_at: Date }>({
        text: 'SELECT what, reason, cardinality(accesses) AS accesses, decided_by, decided_by_name, decided_at FROM subject_access_exclusions WHERE reference = $1 ORDER BY id',
        values: [reference],
      }),
    ]);
    return {
      ...summaryOf(row),
      nhsNumber: row.nhs_number,
      identityChecks: row.identity_checks,
      ...(row.withhold_reason !== null && { withholdReason: row.withhold_reason }),
      exclusions: exclusions.rows.map((one) => ({
        what: one.what,
        reason: one.reason,
        accesses: one.accesses,
        decidedBy: { userId: one.decided_by, name: one.decided_by_name },
        decidedAt: one.decided_at.toISOString(),
      })),
      history: history.rows.map((one) => ({
        at: one.at.toISOString(),
        by: one.by_user_id === null ? 'platform' : { userId: one.by_user_id, name: one.by_name },
        step: one.step,
        ...(one.note !== null && { note: one.note }),
      })),
      steps: stepsFrom(row, londonDay(new Date())).filter((step) => step !== 'exclude' || isGuardian(who)),
    };
  }

  /** @throws Fault 409 when the version is not the current one, 422 when the state does not allow the step, 403 when it is the guardian's */
  async take(who: Principal, reference: string, taken: StepTaken): Promise<SubjectAccessRequest> {
    const { step, note } = taken;
    await this.database.transaction(async (tx) => {
      const rows: RequestRow[] = await tx.query(`SELECT ${REQUEST_COLUMNS} FROM subject_access_requests WHERE reference = $1 AND ods_code = $2 FOR UPDATE`, [reference, who.organisation.odsCode]);
      const [row] = rows;
      if (!row) throw new Fault('RESOURCE_NOT_FOUND');
      if (step === 'exclude' && !isGuardian(who)) throw new Fault('ACCESS_DENIED', { diagnostics: 'What is left out is for the Caldicott Guardian to decide', expression: 'step' });
      if (row.version !== taken.version) throw new Fault('RESOURCE_VERSION_MISMATCH', { diagnostics: 'The request has changed since: read it again', expression: 'version' });
      if (!stepsFrom(row, londonDay(new Date())).includes(step)) throw new Fault('BUSINESS_RULE', { diagnostics: `A request that is ${row.status} does not allow ${step}`, expression: 'step' });
      const changes: Record<Step, string> = {
        extend: 'extended = true, due_on = $2',
        // what was prepared holds what is to be left out
        exclude: `status = 'preparing', preparation = preparation + 1, attempts = 0, worked_at = '-infinity', done = 0, total = NULL, accesses = NULL`,
        sent: `status = 'sent'`,
        close: `status = 'closed'`,
      };
      await tx.query(
        `UPDATE subject_access_requests SET version = version + 1, ${changes[step]} WHERE reference = $1`,
        step === 'extend' ? [reference, monthsAfter(row.received_on, TIME_WHEN_EXTENDED)] : [reference],
      );
      if (step === 'exclude') {
        await tx.query('DELETE FROM subject_access_parts WHERE reference = $1', [reference]);
        await tx.query('INSERT INTO subject_access_exclusions (reference, what, reason, accesses, decided_by, decided_by_name) VALUES ($1, $2, $3, $4, $5, $6)', [
          reference,
          taken.what,
          note,
          taken.accesses,
          who.userId ?? '',
          who.name ?? '',
        ]);
      }
      await remember(tx, reference, who, step, note);
    });
    if (step === 'exclude') this.preparation.ring();
    return this.find(who, reference);
  }

  /**
   * The bytes of the answer. That it was fetched is remembered.
   *
   * @throws Fault 422 while there is none
   */
  async document(who: Principal, reference: string, format: Format): Promise<AsyncIterable<Buffer>> {
    const row = await this.rowOf(who, reference);
    if (!['ready', 'sent', 'closed'].includes(row.status) || row.accesses === null) throw new Fault('BUSINESS_RULE', { diagnostics: `The request is ${row.status}: there is no document` });
    await remember(this.database.source.manager, reference, who, 'document', format);
    return this.parts(row, format);
  }

  private async *parts({ reference, preparation }: RequestRow, format: Format): AsyncGenerator<Buffer> {
    for (let part = 0; ; part++) {
      const { rows } = await this.database.query<{ bytes: Buffer }>({
        name: 'subject-access-part',
        text: 'SELECT bytes FROM subject_access_parts WHERE reference = $1 AND preparation = $2 AND format = $3 AND part = $4',
        values: [reference, preparation, format, part],
      });
      if (!rows[0]) return;
      yield rows[0].bytes;
    }
  }

  private async rowOf(who: Principal, reference: string): Promise<RequestRow> {
    const { rows } = await this.database.query<RequestRow>({
      text: `SELECT ${REQUEST_COLUMNS} FROM subject_access_requests WHERE reference = $1 AND ods_code = $2`,
      values: [reference, who.organisation.odsCode],
    });
    if (!rows[0]) throw new Fault('RESOURCE_NOT_FOUND');
    return rows[0];
  }
}

async function remember(tx: EntityManager, reference: string, who: Principal, step: string, note: string | undefined): Promise<void> {
  await tx.query('INSERT INTO subject_access_history (reference, by_user_id, by_name, step, note) VALUES ($1, $2, $3, $4, $5)', [reference, who.userId ?? '', who.name ?? '', step, note ?? null]);
}

function placeOf(page: string): [string, string] {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (SAR-[0-9A-Z]{4}-[0-9A-Z]{4})$/.exec(Buffer.from(page, 'base64url').toString());
  if (!match?.[1] || !match[2] || Number.isNaN(Date.parse(match[1]))) throw invalid(page, '_page');
  return [match[1], match[2]];
}

/** Without letters and digits that are taken for each other. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

function newReference(): string {
  const four = (): string => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `SAR-${four()}-${four()}`;
}
