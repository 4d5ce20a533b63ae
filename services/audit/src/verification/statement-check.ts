import type { ClientBase } from 'pg';
import { signatureOf, type NoteVerifier } from '@carespine/transparency-log';
import { YEARS_AT_LEAST, YEARS_AT_LEAST_OF, yearsBefore } from '../retention/retention';
import { openShortage } from './accepted-shortage';
import type { Findings } from './findings';

/** How far clocks may be apart, and how late a witness or a signature may come. */
const SLACK_MS = 86_400_000;
const PAGE = 1000;

interface StatementRow {
  leaf_index: string;
  statement: string;
  /** Of the last checkpoint without the statement and the first one with it. */
  earlier: Date | null;
  later: Date | null;
  earlier_cosigned: string[] | null;
  later_cosigned: string[] | null;
}

interface Statement {
  index: number;
  atMs: number;
  kind: unknown;
  accesses: unknown;
  indices: unknown;
  before: unknown;
  note: unknown;
}

/**
 * What the log says of itself was said when it claims; what its erasures name is what was erased, was past its retention by what the log had said and signed
 * before, and nothing else was erased. That an erased event is empty is seen when leaves are read.
 *
 * @returns what a service's own count differs by from the log, as operators have accepted it: by service
 */
export async function checkStatements(db: ClientBase, verifiers: readonly NoteVerifier[], findings: Findings, nowMs = Date.now()): Promise<Map<string, number>> {
  const erased = await erasuresOf(db);
  const said: Statement[] = [];
  for (let beyond = '-1', full = true; full; ) {
    const { rows } = await db.query<StatementRow>({
      name: 'verify-statements-in-time',
      text: `SELECT leaf_index, statement, earlier.signed_at AS earlier, later.signed_at AS later,
          (SELECT array_agg(line) FROM cosignatures WHERE checkpoint = earlier.number) AS earlier_cosigned,
          (SELECT array_agg(line) FROM cosignatures WHERE checkpoint = later.number) AS later_cosigned
        FROM log_statements
        LEFT JOIN LATERAL (SELECT number, signed_at FROM checkpoints WHERE tree_size <= leaf_index ORDER BY tree_size DESC LIMIT 1) AS earlier ON true
        LEFT JOIN LATERAL (SELECT number, signed_at FROM checkpoints WHERE tree_size > leaf_index ORDER BY tree_size LIMIT 1) AS later ON true
        WHERE leaf_index > $1 ORDER BY leaf_index LIMIT ${PAGE}`,
      values: [beyond],
    });
    full = rows.length === PAGE;
    beyond = rows.at(-1)?.leaf_index ?? beyond;
    for (const row of rows) {
      const statement = statementOf(row);
      if (!statement || !isInTime(row, statement.atMs, said.at(-1)?.atMs ?? -Infinity, nowMs)) {
        findings.add('statement-forged', row.leaf_index);
        continue;
      }
      said.push(statement);
    }
  }
  for (const statement of said.filter(({ kind }) => kind === 'erasure')) {
    const what = erased.get(statement.index);
    erased.delete(statement.index);
    if (!isLawful(statement, what, said)) findings.add('erasure-unlawful', `statement ${statement.index}`);
  }
  for (const index of erased.keys()) findings.add('erasure-unlawful', `statement ${index}`);
  const gone = await db.query<{ leaf_index: string }>(
    'SELECT leaf_index FROM erased_leaves x WHERE NOT EXISTS (SELECT FROM access_events e WHERE e.leaf_index = x.leaf_index) LIMIT 1000',
  );
  for (const { leaf_index } of gone.rows) findings.add('erasure-unlawful', leaf_index);
  return acceptedIn(said, verifiers, findings);
}

/** A note that is repeated counts once. */
function acceptedIn(said: readonly Statement[], verifiers: readonly NoteVerifier[], findings: Findings): Map<string, number> {
  const accepted = new Map<string, number>();
  const seen = new Set<unknown>();
  for (const { index, kind, note } of said) {
    if (kind !== 'shortage' || seen.has(note)) continue;
    seen.add(note);
    const shortage = openShortage(note, verifiers);
    if (shortage) accepted.set(shortage.service, (accepted.get(shortage.service) ?? 0) + shortage.accesses);
    else findings.add('statement-forged', index);
  }
  return accepted;
}

/** @returns undefined for what the log never says */
function statementOf({ leaf_index, statement }: StatementRow): Statement | undefined {
  try {
    const { statement: kind, at, accesses, indices, before, note } = JSON.parse(statement) as Record<string, unknown>;
    const atMs = instantOf(at);
    return Number.isNaN(atMs) ? undefined : { index: Number(leaf_index), atMs, kind, accesses, indices, before, note };
  } catch {
    return undefined;
  }
}

/** Statements follow each other in time, and each lies between the signatures before and behind it: ours, whose time is not signed, and the witnesses', whose is. */
function isInTime(row: StatementRow, atMs: number, previousMs: number, nowMs: number): boolean {
  const after = [previousMs, row.earlier?.getTime() ?? -Infinity, ...(row.earlier_cosigned ?? []).map(cosignedMs)];
  const before = [nowMs, row.later?.getTime() ?? Infinity, ...(row.later_cosigned ?? []).map(cosignedMs)];
  return after.every((ms) => !(atMs < ms - SLACK_MS)) && before.every((ms) => !(atMs > ms + SLACK_MS));
}

/** NaN for a line that is none; whether it holds is seen elsewhere. */
function cosignedMs(line: string): number {
  try {
    const { signature } = signatureOf(line.trimEnd());
    return signature.length === 72 ? Number(signature.readBigUInt64BE()) * 1000 : NaN;
  } catch {
    return NaN;
  }
}

interface Erased {
  accesses: number;
  indices: string;
  /** The last place of each service. */
  last: Map<string, number>;
}

async function erasuresOf(db: ClientBase): Promise<Map<number, Erased>> {
  const { rows } = await db.query<{ erasure: string; accesses: string; indices: string; last: Record<string, number> }>(
    `SELECT erasure, sum(accesses) AS accesses, max(indices) AS indices, json_object_agg(service, last) AS last FROM (
        SELECT erasure, coalesce(service, '') AS service, count(*) AS accesses, max(x.leaf_index) AS last
        FROM erased_leaves x LEFT JOIN access_events e ON e.leaf_index = x.leaf_index GROUP BY 1, 2
      ) AS of_service JOIN (
        SELECT erasure, encode(sha256(convert_to(string_agg(leaf_index::text, E'\\n' ORDER BY leaf_index), 'UTF8')), 'base64') AS indices FROM erased_leaves GROUP BY erasure
      ) AS named USING (erasure) GROUP BY erasure`,
  );
  return new Map(rows.map((row) => [Number(row.erasure), { accesses: Number(row.accesses), indices: row.indices, last: new Map(Object.entries(row.last)) }]));
}

/** The log itself must have said something behind the erased places before the date up to which was erased: then they are as old. */
function isLawful({ atMs, accesses, indices, before }: Statement, erased: Erased | undefined, said: readonly Statement[]): boolean {
  if (!erased || accesses !== erased.accesses || indices !== erased.indices) return false;
  return [...erased.last].every(([service, last]) => {
    const latest = Math.min(instantOf(before), yearsBefore(new Date(atMs), YEARS_AT_LEAST_OF[service] ?? YEARS_AT_LEAST).getTime());
    return instantOf(before) <= yearsBefore(new Date(atMs), YEARS_AT_LEAST).getTime() && said.some((behind) => behind.index > last && behind.atMs <= latest);
  });
}

const instantOf = (text: unknown): number => (typeof text === 'string' ? Date.parse(text) : NaN);
