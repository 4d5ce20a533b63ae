import type { ClientBase } from 'pg';
import { AccessRecordedSchema, fromBinary, timestampMs, type AccessRecorded } from '@carespine/contracts';
import { leafHash, statementLeafData } from '@carespine/transparency-log';
import { OUTCOME_CODES } from '../accesses/access-store';
import { leafHashOf } from '../transparency/leaf';
import type { Findings } from './findings';

interface EventRow {
  leaf_index: string;
  event_id: string;
  /** Null for an instant that is none. */
  recorded_ms: string | null;
  ods_code: string;
  user_id: string;
  nhs_number: string;
  request_id: string;
  outcome: number;
  interaction: number;
  service: string;
  purpose: string;
  role_profile_id: string;
  client_id: string;
  client_address: string;
  resource_type: string;
  payload: Buffer;
  salt: Buffer;
  previous_leaf: Buffer;
  leaf_hash: Buffer;
  erased_data: Buffer | null;
  fed: boolean;
}

/** A leaf as it follows from what is stored: `computed` is made anew, `kept` is what was kept beside it. */
export interface StoredLeaf {
  index: number;
  computed: Buffer;
  kept: Buffer;
  /** Service that recorded the access; none for a statement of the log. */
  service?: string;
}

const NOTHING = Buffer.alloc(0);

/** Leaves with indices from `first` to before `end`, in order, each held against its columns. */
export async function readLeaves(db: ClientBase, first: number, end: number, findings: Findings): Promise<StoredLeaf[]> {
  const events = await db.query<EventRow>({
    name: 'verify-events',
    text: `SELECT e.leaf_index, event_id, CASE WHEN isfinite(recorded) THEN (extract(epoch FROM recorded) * 1000)::bigint END AS recorded_ms, ods_code, user_id, nhs_number, request_id, outcome, interaction,
        service, purpose, role_profile_id, client_id, client_address, resource_type, payload, salt, previous_leaf, leaf_hash, x.leaf_data AS erased_data,
        EXISTS (SELECT FROM fed_events f WHERE f.event_id = e.event_id) AS fed
      FROM access_events e LEFT JOIN erased_leaves x ON x.leaf_index = e.leaf_index WHERE e.leaf_index >= $1 AND e.leaf_index < $2 ORDER BY e.leaf_index`,
    values: [first, end],
  });
  const statements = await db.query<{ leaf_index: string; statement: string; leaf_hash: Buffer }>({
    name: 'verify-statements',
    text: 'SELECT leaf_index, statement, leaf_hash FROM log_statements WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index',
    values: [first, end],
  });
  const leaves = events.rows.map((row) => leafOfEvent(row, findings));
  if (statements.rows.length === 0) return leaves;
  leaves.push(...statements.rows.map((row) => ({ index: Number(row.leaf_index), computed: leafHash(statementLeafData(row.statement)), kept: row.leaf_hash })));
  return leaves.sort((a, b) => a.index - b.index);
}

function leafOfEvent(row: EventRow, findings: Findings): StoredLeaf {
  const index = Number(row.leaf_index);
  // what a supplier fed names its product, and this service recorded it
  const leaf = { index, kept: row.leaf_hash, service: row.fed ? 'audit' : row.service };
  if (row.salt.length === 0) {
    if (!row.erased_data || !isEmpty(row)) findings.add('erasure-unlawful', index);
    return { ...leaf, computed: row.erased_data ? leafHash(row.erased_data) : NOTHING };
  }
  if (row.erased_data) findings.add('erasure-unlawful', index);
  const computed = leafHashOf({ salt: row.salt, eventId: row.event_id, previousLeaf: row.previous_leaf, payload: row.payload });
  if (!says(row)) findings.add('column-altered', index);
  return { ...leaf, computed };
}

/** Whether nothing is left of an event but its place, its id and its service. */
function isEmpty(row: EventRow): boolean {
  const texts = [row.ods_code, row.user_id, row.nhs_number, row.request_id, row.purpose, row.role_profile_id, row.client_id, row.client_address, row.resource_type];
  return (
    texts.every((text) => text === '') && [row.payload, row.previous_leaf].every(({ length }) => length === 0) && row.recorded_ms === '0' && row.outcome === 0 && row.interaction === 0
  );
}

/** Whether the columns say what the event's bytes say. */
function says(row: EventRow): boolean {
  let record: AccessRecorded;
  try {
    record = fromBinary(AccessRecordedSchema, row.payload);
  } catch {
    return false;
  }
  const { agent } = record;
  return (
    row.recorded_ms === String(Math.floor(record.recorded ? timestampMs(record.recorded) : 0)) &&
    row.nhs_number === record.nhsNumber &&
    row.user_id === (agent?.userId ?? '') &&
    row.ods_code === (agent?.odsCode ?? '') &&
    row.request_id === record.requestId &&
    row.outcome === OUTCOME_CODES[record.outcome] &&
    row.interaction === (record.interaction as number) &&
    row.service === record.service &&
    row.purpose === record.purpose &&
    row.role_profile_id === (agent?.roleProfileId ?? '') &&
    row.client_id === (agent?.clientId ?? '') &&
    row.client_address === record.clientAddress &&
    row.resource_type === record.resourceType
  );
}
