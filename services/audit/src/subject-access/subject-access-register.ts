import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Principal } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { monthsAfter } from '../calendar';
import { londonDay } from '../london';
import { numbersOf } from '../merged-numbers';
import { invalid } from '../parameters';
import { isGuardian } from '../reports/report-query';
import { Preparation } from './preparation';
import {
  isDecision,
  REQUEST_COLUMNS,
  stepsFrom,
  summaryOf,
  TIME_TO_ANSWER,
  TIME_WHEN_EXTENDED,
  type Decision,
  type Exclusion,
  type Format,
  type IdentityDocument,
  type RequestRow,
  type RequestSummary,
  type Status,
  type Step,
  type SubjectAccessRequest,
} from './request';

export interface NewRequest {
  nhsNumber: string;
  from: string;
  to: string;
  receivedOn: string;
  identityChecks: IdentityDocument[];
  withholdNames: boolean;
  withholdReason?: string;
}

export interface StepTaken {
  version: number;
  step: Step;
  note?: string;
  what?: Exclusion;
  /** Numbers that the answer prints. */
  accesses: number[];
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
    await this.requireNotOwn(who, request.nhsNumber, 'nhsNumber');
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

  /** Newest first; none about the caller's own record. */
  async list(who: Principal, status: Status | undefined, count: number, page: string | undefined): Promise<{ requests: RequestSummary[]; next?: string }> {
    const values: unknown[] = [who.organisation.odsCode, count + 1, await this.ownNumbers(who)];
    const conditions = ['ods_code = $1', 'nhs_number <> ALL($3::text[])'];
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

  /** @throws Fault when the request is about the caller's own record */
  async find(who: Principal, reference: string): Promise<SubjectAccessRequest> {
    const row = await this.rowOf(who, reference);
    const [history, decisions] = await Promise.all([
      this.database.query<{ at: Date; by_user_id: string | null; by_name: string; step: string; note: string | null }>({
        text: 'SELECT at, by_user_id, by_name, step, note FROM subject_access_history WHERE reference = $1 ORDER BY id',
        values: [reference],
      }),
      this.database.query<{ decision: Decision; what: Exclusion; reason: string; accesses: number; decided_by: string; decided_by_name: string; decided_at: Date }>({
        text: 'SELECT decision, what, reason, cardinality(accesses) AS accesses, decided_by, decided_by_name, decided_at FROM subject_access_decisions WHERE reference = $1 ORDER BY id',
        values: [reference],
      }),
    ]);
    return {
      ...summaryOf(row),
      nhsNumber: row.nhs_number,
      identityChecks: row.identity_checks,
      ...(row.withhold_reason !== null && { withholdReason: row.withhold_reason }),
      toDecide: Object.entries(row.to_decide).map(([what, found]) => ({ what: what as Exclusion, found })),
      decisions: decisions.rows.map((one) => ({
        decision: one.decision,
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
      steps: stepsFrom(row, londonDay(new Date())).filter((step) => !isDecision(step) || isGuardian(who)),
    };
  }

  /** @throws Fault 409 when the version is not the current one, 422 when the state does not allow the step, 403 when it is the guardian's or about the caller, 400 for an access that the answer does not show */
  async take(who: Principal, reference: string, taken: StepTaken): Promise<SubjectAccessRequest> {
    const { step, note } = taken;
    await this.rowOf(who, reference);
    await this.database.transaction(async (tx) => {
      const rows: RequestRow[] = await tx.query(`SELECT ${REQUEST_COLUMNS} FROM subject_access_requests WHERE reference = $1 AND ods_code = $2 FOR UPDATE`, [reference, who.organisation.odsCode]);
      const [row] = rows;
      if (!row) throw new Fault('RESOURCE_NOT_FOUND');
      if (isDecision(step) && !isGuardian(who)) throw new Fault('ACCESS_DENIED', { diagnostics: 'What is left out is for the Caldicott Guardian to decide', expression: 'step' });
      if (row.version !== taken.version) throw new Fault('RESOURCE_VERSION_MISMATCH', { diagnostics: 'The request has changed since: read it again', expression: 'version' });
      if (!stepsFrom(row, londonDay(new Date())).includes(step)) throw new Fault('BUSINESS_RULE', { diagnostics: `A request that is ${row.status} does not allow ${step}`, expression: 'step' });
      const accesses = await shownBy(tx, row, taken.accesses);
      const anew = `status = 'preparing', preparation = preparation + 1, attempts = 0, worked_at = '-infinity', done = 0, total = NULL, accesses = NULL, to_decide = '{}'`;
      const changes: Record<Step, string> = {
        extend: 'extended = true, due_on = $2',
        // what was prepared holds what is to be left out, or waits
        exclude: anew,
        include: anew,
        sent: `status = 'sent'`,
        close: `status = 'closed'`,
        // remembered in the history: the file is kept for longer
        appeal: 'status = status',
      };
      await tx.query(
        `UPDATE subject_access_requests SET version = version + 1, ${changes[step]} WHERE reference = $1`,
        step === 'extend' ? [reference, monthsAfter(row.received_on, TIME_WHEN_EXTENDED)] : [reference],
      );
      if (isDecision(step)) {
        await tx.query('DELETE FROM subject_access_parts WHERE reference = $1', [reference]);
        await tx.query('INSERT INTO subject_access_decisions (reference, decision, what, reason, accesses, decided_by, decided_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7)', [
          reference,
          step,
          taken.what,
          note,
          accesses,
          who.userId ?? '',
          who.name ?? '',
        ]);
      }
      await remember(tx, reference, who, step, note);
    });
    if (isDecision(step)) this.preparation.ring();
    return this.find(who, reference);
  }

  /**
   * The bytes of the answer. That it was fetched is remembered. While a decision is awaited it is a draft, for the guardian to decide on.
   *
   * @throws Fault 422 while there is none
   */
  async document(who: Principal, reference: string, format: Format): Promise<AsyncIterable<Buffer>> {
    const row = await this.rowOf(who, reference);
    const isReadable = ['ready', 'sent', 'closed'].includes(row.status) || (row.status === 'awaiting-decision' && isGuardian(who));
    if (!isReadable || row.accesses === null) throw new Fault('BUSINESS_RULE', { diagnostics: `The request is ${row.status}: there is no document` });
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
    await this.requireNotOwn(who, rows[0].nhs_number);
    return rows[0];
  }

  private async requireNotOwn(who: Principal, nhsNumber: string, expression?: string): Promise<void> {
    if (!(await this.ownNumbers(who)).includes(nhsNumber)) return;
    throw new Fault('ACCESS_DENIED', { diagnostics: 'A request about your own record is for a colleague to handle', ...(expression && { expression }) });
  }

  /** The caller's NHS numbers as a patient. */
  private async ownNumbers({ userId }: Principal): Promise<string[]> {
    const { rows } = await this.database.query<{ nhs_number: string }>({ text: 'SELECT nhs_number FROM staff_patients WHERE user_id = $1', values: [userId ?? ''] });
    return [...(await numbersOf(rows.map((row) => row.nhs_number), this.database.pool)).values()].flat();
  }
}

/** @param numbers as the document prints them @returns ids of the accesses @throws Fault when the document that there is now does not show one of them */
async function shownBy(tx: EntityManager, { reference, preparation, status }: RequestRow, numbers: readonly number[]): Promise<string[]> {
  if (numbers.length === 0) return [];
  const rows = (await tx.query('SELECT event_id FROM subject_access_shown WHERE reference = $1 AND preparation = $2 AND number = ANY($3::int[])', [reference, preparation, numbers])) as { event_id: string }[];
  const isPrepared = status === 'ready' || status === 'awaiting-decision';
  if (!isPrepared || rows.length < new Set(numbers).size) {
    throw new Fault('INVALID_VALUE', { diagnostics: 'The answer as it is now does not show an access of each of these numbers', expression: 'accesses' });
  }
  return rows.map((row) => row.event_id);
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
