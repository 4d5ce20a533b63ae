import { Injectable } from '@nestjs/common';
import { AccessRecordedSchema, fromBinary, type AccessRecorded } from '@carespine/contracts';
import { Fault, isCalendarDate, isNhsNumber } from '@carespine/fhir';
import { Database } from '@carespine/service-kit';

export interface AccessQuery {
  nhsNumber?: string;
  userId?: string;
  requestId?: string;
  outcome?: number;
  /** Both inclusive. */
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
const KNOWN = ['patient', 'agent', 'entity', 'date', 'outcome', '_count', '_page'];
/** Beyond this a total says nothing that a person could use. */
const COUNTED = 10_000;
const DAY_MS = 86_400_000;
/** The longest month and its first day again, both whole, and the hours that a change of the clock may add. */
const LONGEST_SPAN_MS = 32 * DAY_MS + 2 * 3_600_000;

/**
 * @param parameters one string or several a name
 * @throws Fault naming the parameter
 * @see audit specification, "The officer's work": a search spans at most one month
 */
export function parseAccessQuery(parameters: Record<string, unknown>, now: Date): AccessQuery {
  const unknown = Object.keys(parameters).filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) {
    const names = unknown.slice(0, 10).map((name) => `'${name.slice(0, 50)}'`);
    throw new Fault('ADDITIONAL_PROPERTIES', {
      diagnostics: `Invalid request with error - Additional properties are not allowed (${names.join(', ')} ${names.length > 1 ? 'were' : 'was'} unexpected)`,
    });
  }
  const one = (name: string): string | undefined => {
    const value = parameters[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw invalid(value, name);
    return value;
  };
  const nhsNumber = token(one('patient'), 'patient', NHS_NUMBER);
  if (nhsNumber !== undefined && !isNhsNumber(nhsNumber)) throw invalid(nhsNumber, 'patient');
  const userId = token(one('agent'), 'agent', SDS_USER);
  if (userId !== undefined && !/^\d{1,20}$/.test(userId)) throw invalid(userId, 'agent');
  const entity = one('entity');
  const requestId = entity === undefined ? undefined : /^[^|]*\|([0-9a-fA-F-]{36})$/.exec(entity)?.[1];
  if (entity !== undefined && (!requestId || !entity.startsWith(`${TRANSACTION}|`))) throw invalid(entity, 'entity');
  if (nhsNumber === undefined && userId === undefined) throw new Fault('MISSING_VALUE', { diagnostics: "Missing value - 'patient/agent'" });
  const outcome = one('outcome');
  if (outcome !== undefined && !['0', '4', '8', '12'].includes(outcome)) throw invalid(outcome, 'outcome');
  const count = Number(one('_count') ?? 20);
  if (!Number.isInteger(count) || count < 1 || count > 100) throw invalid(parameters['_count'], '_count');
  const page = one('_page');
  return { nhsNumber, userId, requestId, ...period(parameters['date'], now), count, ...(outcome !== undefined && { outcome: Number(outcome) }), ...(page && { after: cursorOf(page) }) };
}

/** Accesses by, or to patients of, one organisation, newest first. */
@Injectable()
export class AccessSearch {
  constructor(private readonly database: Database) {}

  /** @returns a page, which is followed by another when there are `more`, and how many there are in all, counted to {@link COUNTED} */
  async find(odsCode: string, query: AccessQuery): Promise<{ page: FoundAccess[]; more: boolean; total: number | undefined }> {
    const conditions = ['ods_code = $1', 'recorded >= $2', 'recorded < $3'];
    const values: unknown[] = [odsCode, query.from, query.to];
    const where = (condition: (at: string) => string, value: unknown): void => {
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    if (query.nhsNumber !== undefined) where((at) => `nhs_number = ${at} AND nhs_number <> ''`, query.nhsNumber);
    if (query.userId !== undefined) where((at) => `user_id = ${at} AND user_id <> ''`, query.userId);
    if (query.requestId !== undefined) where((at) => `request_id = ${at}`, query.requestId);
    if (query.outcome !== undefined) where((at) => `outcome = ${at}`, query.outcome);
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
      `SELECT event_id, payload, leaf_index FROM access_events WHERE ${conditions.join(' AND ')} ORDER BY recorded DESC, event_id DESC LIMIT $${values.length}`,
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

function cursorOf(page: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(page, 'base64url').toString()) as Cursor;
    if (/^[0-9a-f-]{36}$/.test(cursor.id) && !Number.isNaN(Date.parse(cursor.recorded))) return { id: cursor.id, recorded: cursor.recorded };
  } catch {
    // not one of ours
  }
  throw invalid(page, '_page');
}

function period(dates: unknown, now: Date): { from: Date; to: Date } {
  const given = dates === undefined ? [] : Array.isArray(dates) ? dates : [dates];
  let from: Date | undefined;
  let to: Date | undefined;
  for (const date of given) {
    const match = typeof date === 'string' ? /^(ge|le|eq)?(.+)$/.exec(date) : null;
    const start = match?.[2] && instantOf(match[2]);
    if (!match || !start) throw invalid(date, 'date');
    const end = new Date(start.getTime() + (match[2]?.length === 10 ? DAY_MS : 1));
    if (match[1] !== 'le') {
      if (from) throw invalid(date, 'date');
      from = start;
    }
    if (match[1] !== 'ge') {
      if (to) throw invalid(date, 'date');
      to = end;
    }
  }
  to ??= from ? new Date(Math.min(from.getTime() + LONGEST_SPAN_MS, now.getTime() + 60_000)) : new Date(now.getTime() + 60_000);
  from ??= new Date(to.getTime() - LONGEST_SPAN_MS);
  if (to.getTime() - from.getTime() > LONGEST_SPAN_MS) {
    throw new Fault('INVALID_SEARCH_DATA', { diagnostics: "Invalid search data provided - 'date spans more than one month'" });
  }
  return { from, to };
}

/** Days are Europe/London calendar days. */
function instantOf(text: string): Date | undefined {
  if (isCalendarDate(text)) {
    const midnightUtc = new Date(`${text}T00:00:00Z`);
    const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', hourCycle: 'h23' }).format(midnightUtc));
    return new Date(midnightUtc.getTime() - hour * 3_600_000);
  }
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : undefined;
}

/** `system|value` of the right system, or the value alone. */
function token(value: string | undefined, name: string, system: string): string | undefined {
  if (!value?.includes('|')) return value;
  if (!value.startsWith(`${system}|`)) throw invalid(value, name);
  return value.slice(system.length + 1);
}

function invalid(value: unknown, name: string): Fault {
  const shown = typeof value === 'string' && value.length <= 100 ? value : '...';
  return new Fault('INVALID_VALUE', { diagnostics: `Invalid value - '${shown}' in field '${name}'` });
}
