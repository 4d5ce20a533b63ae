import { Injectable } from '@nestjs/common';
import type { QueryConfig } from 'pg';
import { Gathering } from '@carespine/events';
import { Database } from '@carespine/service-kit';
import { LARGEST_PAGE, type PlaceInOrder } from './search-parameters';

/** Whose pointers are looked for, and by whom. */
export interface Asked {
  nhsNumber: string;
  /** Codes of pointer types. */
  types: readonly string[];
  custodian?: string;
  /** Who asks: an organisation always sees its own. */
  organisation: string;
  /** Whether pointers of a restricted patient are shown. */
  seesRestricted: boolean;
}

export interface Found extends PlaceInOrder {
  nhs_number: string;
  /** The DocumentReference as FHIR JSON. */
  record: string;
}

/**
 * The records that stand for a number: where patients were merged, the retained one and all that it replaced.
 * `kept` is what is known of the one that counts.
 */
const NUMBERS = `
  LEFT JOIN patient_facts AS own ON own.nhs_number = asked.nhs_number
  LEFT JOIN patient_facts AS kept ON kept.nhs_number = coalesce(own.retained, own.nhs_number)
  CROSS JOIN LATERAL (
    SELECT coalesce(own.retained, asked.nhs_number) AS nhs_number
    UNION ALL SELECT merged.nhs_number FROM patient_facts AS merged WHERE merged.retained = coalesce(own.retained, asked.nhs_number)
  ) AS numbers`;
const POINTERS = `pointers AS pointer WHERE pointer.nhs_number = numbers.nhs_number AND pointer.type = ANY (asked.types::text[])
  AND (asked.custodian IS NULL OR pointer.custodian = asked.custodian)
  AND (kept.confidentiality IS NULL OR kept.confidentiality = 'U' OR pointer.custodian = asked.organisation
    OR (kept.confidentiality = 'R' AND asked.sees_restricted))`;
const ASKED =
  `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[]) WITH ORDINALITY
    AS asked(nhs_number, types, custodian, organisation, sees_restricted, n)`;
const ORDER = 'found.date DESC, found.id DESC';

const SEARCH = `SELECT asked.n::int, found.* FROM ${ASKED} ${NUMBERS}
  CROSS JOIN LATERAL (SELECT pointer.id, pointer.nhs_number, pointer.date, pointer.record FROM ${POINTERS}
    ORDER BY pointer.date DESC, pointer.id DESC LIMIT ${LARGEST_PAGE + 1}) AS found ORDER BY asked.n, ${ORDER}`;
const COUNT = `SELECT asked.n::int, count(*)::int AS total FROM ${ASKED} ${NUMBERS}
  CROSS JOIN LATERAL (SELECT FROM ${POINTERS}) AS found GROUP BY asked.n`;
const PAGE = `SELECT found.* FROM ${ASKED} ${NUMBERS}
  CROSS JOIN LATERAL (SELECT pointer.id, pointer.nhs_number, pointer.date, pointer.record FROM ${POINTERS}
    AND ($6::timestamptz IS NULL OR (pointer.date, pointer.id) < ($6, $7))) AS found ORDER BY ${ORDER} LIMIT $8`;

/** Searches that come together share a statement. */
const LARGEST_SEARCH = 64;

/** Finds the pointers of a patient: a statement for many searches at once, by one index. */
@Injectable()
export class PointerSearch {
  private readonly counts: Gathering<Asked, number>;
  private readonly searches: Gathering<Asked, Found[]>;

  constructor(private readonly database: Database) {
    this.searches = new Gathering(async (batch) => {
      const found: Found[][] = batch.map(() => []);
      const { rows } = await database.query<Row & { n: number }>(searchOf(batch));
      for (const row of rows) found[row.n - 1]?.push(foundOf(row));
      return found;
    }, LARGEST_SEARCH);
    this.counts = new Gathering(async (batch) => {
      const { rows } = await database.query<{ n: number; total: number }>({ name: 'pointers-count', text: COUNT, values: valuesOf(batch) });
      const totals = new Map(rows.map(({ n, total }) => [n, total]));
      return batch.map((_, i) => totals.get(i + 1) ?? 0);
    }, LARGEST_SEARCH);
  }

  /** All of them, newest first; where there are more than {@link LARGEST_PAGE}, more than that many. */
  async all(asked: Asked): Promise<Found[]> {
    return asked.types.length === 0 ? [] : this.searches.add(asked);
  }

  async count(asked: Asked): Promise<number> {
    return asked.types.length === 0 ? 0 : this.counts.add(asked);
  }

  /** One page of them. */
  async page(asked: Asked, size = LARGEST_PAGE, after?: PlaceInOrder): Promise<{ found: Found[]; more: boolean }> {
    if (asked.types.length === 0) return { found: [], more: false };
    const values = [...valuesOf([asked]), after?.date ?? null, after?.id ?? null, size + 1];
    const { rows } = await this.database.query<Row>({ name: 'pointers-page', text: PAGE, values });
    return { found: rows.slice(0, size).map(foundOf), more: rows.length > size };
  }
}

type Row = Omit<Found, 'date'> & { date: Date };
const foundOf = ({ id, nhs_number, date, record }: Row): Found => ({ id, nhs_number, date: date.toISOString(), record });

export const searchOf = (batch: readonly Asked[]): QueryConfig => ({ name: 'pointers-search', text: SEARCH, values: valuesOf(batch) });

const valuesOf = (batch: readonly Asked[]): unknown[] => [
  batch.map(({ nhsNumber }) => nhsNumber),
  batch.map(({ types }) => `{${types.join(',')}}`),
  batch.map(({ custodian }) => custodian ?? null),
  batch.map(({ organisation }) => organisation),
  batch.map(({ seesRestricted }) => seesRestricted),
];
