import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Database } from '@carespine/service-kit';
import type { Coding, DocumentReference } from '../pointers/document-reference';
import { tokenOfPlace, type PlaceInOrder } from '../search/search-parameters';
import { POINTER_TYPES, RETRIEVAL_MECHANISM } from '../validation/code-tables';

/** A pointer as a list shows it: nothing of the patient, and no address. */
export interface OwnPointer {
  id: string;
  type: Coding;
  /** ISO 8601: when it was made, and when last changed. */
  date: string;
  lastUpdated?: string;
  contents: { contentType: string; format: Coding; mechanism?: string }[];
}

export interface TypeCount {
  type: Coding;
  count: number;
}

/** The pointers of one custodian, whoever the patients are. */
@Injectable()
export class OwnPointers {
  constructor(@Inject(Database) private readonly database: { pool: Pool }) {}

  /** By type, the most frequent first. */
  async counts(custodian: string): Promise<TypeCount[]> {
    const { rows } = await this.database.pool.query<{ type: string; count: number }>(
      'SELECT type, count(*)::int AS count FROM pointers WHERE custodian = $1 GROUP BY type ORDER BY count DESC, type',
      [custodian],
    );
    return rows.map(({ type, count }) => ({ type: codingOf(type), count }));
  }

  /** Newest first. `next` is absent on the last page. */
  async page(custodian: string, size: number, type?: string, after?: PlaceInOrder): Promise<{ pointers: OwnPointer[]; next?: string }> {
    const values: unknown[] = [custodian, size + 1];
    let where = 'custodian = $1';
    if (type !== undefined) where += ` AND type = $${values.push(type)}`;
    if (after) where += ` AND (date, id) < ($${values.push(after.date)}, $${values.push(after.id)})`;
    const { rows } = await this.database.pool.query<{ id: string; date: Date; record: string }>(
      `SELECT id, date, record FROM pointers WHERE ${where} ORDER BY date DESC, id DESC LIMIT $2`,
      values,
    );
    const shown = rows.slice(0, size);
    const last = rows.length > size ? shown.at(-1) : undefined;
    return {
      pointers: shown.map(({ record }) => describe(JSON.parse(record) as DocumentReference)),
      ...(last && { next: tokenOfPlace({ date: last.date.toISOString(), id: last.id }) }),
    };
  }
}

function codingOf(code: string): Coding {
  const { system, display } = POINTER_TYPES.get(code) ?? {};
  return { system, code, display };
}

const describe = ({ id, type, date, meta, content }: DocumentReference): OwnPointer => ({
  id,
  type: type.coding?.[0] ?? {},
  date,
  ...(meta?.lastUpdated && { lastUpdated: meta.lastUpdated }),
  contents: content.map(({ attachment, format, extension }) => {
    const mechanism = extension.find(({ url }) => url === RETRIEVAL_MECHANISM.url)?.valueCodeableConcept?.coding?.[0]?.code;
    return { contentType: attachment.contentType, format, ...(mechanism && { mechanism }) };
  }),
});
