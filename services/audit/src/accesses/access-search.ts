import { Injectable } from '@nestjs/common';
import { AccessRecordedSchema, fromBinary, type AccessRecorded } from '@carespine/contracts';
import { Fault, isNhsNumber } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';
import { invalid, isUuid, pageSizeOf, readParameters } from '../parameters';
import { MONTH, monthsOf } from './months';
import { endOf, instantOf, monthAtMost, type Period } from './period';

export interface AccessQuery {
  nhsNumber?: string;
  /** Any of them. */
  userIds?: string[];
  requestId?: string;
  outcome?: number;
  /** v3-ActReason. */
  purpose?: string;
  from: Date;
  to: Date;
  count: number;
  after?: Cursor;
}

interface Cursor {
  recorded: string;
  id: string;
}

export interface FoundAccess {
  id: string;
  record: AccessRecorded;
  /** Its place in the log. */
  leafIndex: number;
}

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const SDS_USER = 'https://fhir.nhs.uk/Id/sds-user-id';
const TRANSACTION = 'https://fhir.nhs.uk/Id/transaction';
const KNOWN = ['patient', 'agent', 'entity', 'outcome', '_count', '_page'];
/** Beyond this a total says nothing that a person could use. */
const COUNTED = 10_000;

/**
 * @param parameters one string or several a name
 * @throws Fault naming the parameter
 * @see audit specification, "The officer's work": a search spans at most one month
 */
export function parseAccessQuery(parameters: Record<string, unknown>, now: Date): AccessQuery {
  const one = readParameters(parameters, KNOWN, ['date']);
  const nhsNumber = token(one('patient'), 'patient', NHS_NUMBER);
  if (nhsNumber !== undefined && !isNhsNumber(nhsNumber)) throw invalid(nhsNumber, 'patient');
  const userId = token(one('agent'), 'agent', SDS_USER);
  if (userId !== undefined && !/^\d{1,20}$/.test(userId)) throw invalid(userId, 'agent');
  const entity = one('entity');
  const requestId = entity === undefined ? undefined : /^[^|]*\|([!-~]{1,64})$/.exec(entity)?.[1];
  if (entity !== undefined && (!requestId || !entity.startsWith(`${TRANSACTION}|`))) throw invalid(entity, 'entity');
  if (nhsNumber === undefined && userId === undefined) throw new Fault('MISSING_VALUE', { diagnostics: "Missing value - 'patient/agent'" });
  const outcome = one('outcome');
  if (outcome !== undefined && !['0', '4', '8', '12'].includes(outcome)) throw invalid(outcome, 'outcome');
  const count = pageSizeOf(one('_count'));
  const page = one('_page');
  return { nhsNumber, ...(userId !== undefined && { userIds: [userId] }), requestId, ...period(parameters['date'], now), count, ...(outcome !== undefined && { outcome: Number(outcome) }), ...(page && { after: cursorOf(page) }) };
}

/** Accesses by, or to patients of, one organisation, newest first. */
@Injectable()
export class AccessSearch {
  constructor(private readonly database: Database) {}

  /** @returns a page, which is followed by another when there are `more`, and how many there are in all, counted to {@link COUNTED} */
  async find(odsCode: string, query: AccessQuery): Promise<{ page: FoundAccess[]; more: boolean; total: number | undefined }> {
    const conditions = ['ods_code = $1', 'recorded >= $2', 'recorded < $3', `${MONTH} = ANY($4::timestamp[])`];
    const values: unknown[] = [odsCode, query.from, query.to, monthsOf(query)];
    const where = (condition: (at: string) => string, value: unknown): void => {
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    if (query.nhsNumber !== undefined) where((at) => `nhs_number = ${at} AND nhs_number <> ''`, query.nhsNumber);
    // one user is read off the index in order; several would have to be sorted
    if (query.userIds?.length === 1) where((at) => `user_id = ${at} AND user_id <> ''`, query.userIds[0]);
    else if (query.userIds !== undefined) where((at) => `user_id = ANY(${at}::text[])`, query.userIds);
    if (query.requestId !== undefined) where((at) => `request_id = ${at}`, query.requestId);
    if (query.outcome !== undefined) where((at) => `outcome = ${at}`, query.outcome);
    if (query.purpose !== undefined) where((at) => `purpose = ${at}`, query.purpose);
    const counted = this.database.query<{ total: number }>({
      text: `SELECT count(*)::int AS total FROM (SELECT FROM access_events WHERE ${conditions.join(' AND ')} LIMIT ${COUNTED + 1}) AS matching`,
      values: [...values],
    });
    if (query.after) {
      values.push(query.after.recorded, query.after.id);
      conditions.push(`(recorded, event_id) < ($${values.length - 1}::timestamptz, $${values.length}::uuid)`);
    }
    values.push(query.count + 1);
    const found = this.read(
      `SELECT event_id, payload, leaf_index FROM access_events WHERE ${conditions.join(' AND ')} ORDER BY ${MONTH} DESC, recorded DESC, event_id DESC LIMIT $${values.length}`,
      values,
    );
    const [matching, rows] = await Promise.all([counted, found]);
    const total = matching.rows[0]?.total ?? 0;
    return { page: rows.slice(0, query.count), more: rows.length > query.count, total: total > COUNTED ? undefined : total };
  }

  private async read(text: string, values: unknown[]): Promise<FoundAccess[]> {
    const { rows } = await this.database.query<{ event_id: string; payload: Buffer; leaf_index: string }>({ text, values });
    return rows.map((row) => ({ id: row.event_id, record: fromBinary(AccessRecordedSchema, row.payload), leafIndex: Number(row.leaf_index) }));
  }

  async byId(odsCode: string, id: string): Promise<FoundAccess | undefined> {
    const found = await this.read('SELECT event_id, payload, leaf_index FROM access_events WHERE event_id = $1 AND ods_code = $2', [id, odsCode]);
    return found[0];
  }
}

/** Where the page after this event begins. */
export function pageAfter({ id, recordedMs }: { id: string; recordedMs: number }): string {
  return Buffer.from(JSON.stringify({ recorded: new Date(recordedMs).toISOString(), id })).toString('base64url');
}

export function cursorOf(page: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(page, 'base64url').toString()) as Cursor;
    if (isUuid(cursor.id) && new Date(cursor.recorded).toISOString() === cursor.recorded) return { id: cursor.id, recorded: cursor.recorded };
  } catch {
    // not one of ours
  }
  throw invalid(page, '_page');
}

function period(dates: unknown, now: Date): Period {
  const given = dates === undefined ? [] : Array.isArray(dates) ? dates : [dates];
  let from: Date | undefined;
  let to: Date | undefined;
  for (const date of given) {
    const match = typeof date === 'string' ? /^(ge|le|eq)?(.+)$/.exec(date) : null;
    const start = match?.[2] && instantOf(match[2]);
    if (!match?.[2] || !start) throw invalid(date, 'date');
    if (match[1] !== 'le') {
      if (from) throw invalid(date, 'date');
      from = start;
    }
    if (match[1] !== 'ge') {
      if (to) throw invalid(date, 'date');
      to = endOf(match[2]);
    }
  }
  return monthAtMost(from, to, now);
}

/** `system|value` of the right system, or the value alone. */
function token(value: string | undefined, name: string, system: string): string | undefined {
  if (!value?.includes('|')) return value;
  if (!value.startsWith(`${system}|`)) throw invalid(value, name);
  return value.slice(system.length + 1);
}
