import { createHash, hash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { from as copyFrom } from 'pg-copy-streams';

const require = createRequire(import.meta.url);
const PATIENTS = 200_000;
const USERS = 2_000;
const ORGANISATIONS = 40;
const CHUNK = 200_000;
const YEAR_MS = 365 * 86_400_000;
/** 2000-01-01, from which PostgreSQL counts. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const COLUMNS = [
  'event_id', 'recorded', 'ods_code', 'user_id', 'nhs_number', 'request_id', 'outcome', 'interaction', 'service', 'purpose', 'role_profile_id', 'client_id',
  'client_address', 'resource_type', 'payload', 'leaf_index', 'salt', 'previous_leaf', 'leaf_hash',
];
const SERVICE = Buffer.from('demographics');
const NOTHING = Buffer.alloc(0);

/**
 * Fills the log up to so many accesses of the past year, by COPY: real payloads, salts, chains and leaf hashes, such as verification accepts.
 *
 * @param {import('pg').Client} db
 * @param {number} leaves
 */
export async function fillAccesses(db, leaves) {
  const { AccessRecordedSchema, create, toBinary } = require('@carespine/contracts');
  const first = await restingTail(db);
  if (first >= leaves) return;
  const agents = Array.from({ length: USERS }, (_, i) => {
    const agent = {
      userId: String(555_100_000_000 + i), userName: `User ${i}`, roleProfileId: String(555_200_000_000 + i), jobRole: 'R8000', jobRoleName: 'Clinical Practitioner',
      odsCode: `RL${String(i % ORGANISATIONS).padStart(3, '0')}`, organisationName: 'An organisation', clientId: 'carespine-portal', clientName: 'Carespine portal',
      productId: 'P.CARESPINE', accessMode: 'user-restricted', authenticationAssuranceLevel: 3, tokenId: 'a token', sessionId: 'a session',
    };
    return { ...agent, bytes: Buffer.from(toBinary(AccessRecordedSchema, create(AccessRecordedSchema, { agent }))) };
  });
  const common = Buffer.from(
    toBinary(
      AccessRecordedSchema,
      create(AccessRecordedSchema, {
        ...{ service: 'demographics', interaction: 1, outcome: 1, resourceType: 'Patient', resourceVersion: '3' },
        ...{ purpose: 'TREAT', clientAddress: '203.0.113.7', interactionName: 'Retrieve patient' },
      }),
    ),
  );
  const { rows } = await db.query('SELECT nhs_number, last_leaf, accesses FROM patient_chain');
  const chains = new Map(rows.map((row) => [row.nhs_number, { lastLeaf: row.last_leaf, accesses: Number(row.accesses) }]));
  const moved = new Set();
  const began = Date.now() - YEAR_MS;
  const patients = Array.from({ length: PATIENTS }, (_, i) => nhsNumber(i));

  function* rowsFrom(from, to) {
    yield Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
    let parts = [];
    let random = NOTHING;
    for (let index = from; index < to; index++) {
      if (parts.length > 20_000) {
        yield Buffer.concat(parts);
        parts = [];
      }
      if (random.length < 48) random = randomBytes(48 * 1000);
      const recordedMs = began + Math.floor((YEAR_MS * index) / Math.max(leaves, 1));
      const agent = agents[random.readUInt16BE(16) % USERS];
      const patient = patients[random.readUInt32BE(18) % PATIENTS];
      const salt = random.subarray(0, 16);
      const id = Buffer.from(random.subarray(22, 38));
      id.writeUIntBE(recordedMs, 0, 6);
      id[6] = 0x70 | (id[6] & 0x0f);
      id[8] = 0x80 | (id[8] & 0x3f);
      const requestId = Buffer.from(uuidText(random.subarray(30, 46)));
      random = random.subarray(48);
      const nhs = Buffer.from(patient);
      const payload = Buffer.concat([timestamp(recordedMs), common, Buffer.of(0x42, nhs.length), nhs, Buffer.of(0x5a, requestId.length), requestId, agent.bytes]);
      const chain = chains.get(patient);
      const previous = chain?.lastLeaf ?? FIRST;
      const data = createHash('sha256').update(salt).update(id).update(previous).update(payload).digest();
      const leafHash = hash('sha256', Buffer.concat([LEAF, data]), 'buffer');
      if (chain) {
        chain.lastLeaf = leafHash;
        chain.accesses++;
      } else chains.set(patient, { lastLeaf: leafHash, accesses: 1 });
      moved.add(patient);
      const recorded = Buffer.alloc(8);
      recorded.writeBigInt64BE(BigInt(recordedMs - EPOCH_MS) * 1000n);
      const leafIndex = Buffer.alloc(8);
      leafIndex.writeBigInt64BE(BigInt(index));
      parts.push(COLUMN_COUNT);
      for (const value of [
        id, recorded, Buffer.from(agent.odsCode), Buffer.from(agent.userId), nhs, requestId, ZERO, ONE, SERVICE, TREAT, Buffer.from(agent.roleProfileId), Buffer.from(agent.clientId),
        ADDRESS, PATIENT, payload, leafIndex, salt, previous, leafHash,
      ]) {
        parts.push(LENGTHS[value.length] ?? length(value.length), value);
      }
    }
    parts.push(Buffer.of(0xff, 0xff));
    yield Buffer.concat(parts);
  }

  const large = leaves - first > 500_000;
  // made again at once when the rows are there: row by row they cost most of the time
  const indexes = large ? (await db.query(`SELECT indexname, indexdef FROM pg_indexes WHERE indexname IN ('access_events_of_patient', 'access_events_of_user')`)).rows : [];
  for (const { indexname } of indexes) await db.query(`DROP INDEX ${indexname}`);
  await db.query('SET synchronous_commit = off');
  for (let from = first; from < leaves; from += CHUNK) {
    const to = Math.min(leaves, from + CHUNK);
    await db.query('BEGIN');
    await db.query('SELECT FROM log_tail FOR UPDATE');
    await pipeline(Readable.from(rowsFrom(from, to)), db.query(copyFrom(`COPY access_events (${COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`)));
    await db.query('UPDATE log_tail SET next_index = $1', [to]);
    // rules and rollups have long judged and counted what is old
    await db.query('UPDATE alert_cursor SET leaf_index = $1', [to - 1]);
    await db.query('UPDATE activity_cursor SET next_leaf = $1', [to]);
    // the ends of the chains once at the end: nobody asks for them before
    if (to === leaves) await keepChains(db, chains, moved);
    await db.query('COMMIT');
    console.log(`  ${to.toLocaleString('en-GB')} leaves`);
  }
  for (const { indexdef } of indexes) await db.query(indexdef);
  await db.query('RESET synchronous_commit');
  await db.query('VACUUM ANALYZE access_events');
}

/** Where the log ends once nothing more arrives: searches are accesses too, and this is no place to race with them. */
async function restingTail(db) {
  for (let last = -1; ; await setTimeout(2000)) {
    const { rows } = await db.query('SELECT next_index FROM log_tail');
    const tail = Number(rows[0].next_index);
    if (tail === last) return tail;
    last = tail;
  }
}

async function keepChains(db, chains, moved) {
  const patients = [...moved];
  moved.clear();
  await db.query(
    `INSERT INTO patient_chain (nhs_number, last_leaf, accesses) SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[])
      ON CONFLICT (nhs_number) DO UPDATE SET last_leaf = excluded.last_leaf, accesses = excluded.accesses`,
    [patients, patients.map((patient) => `\\x${chains.get(patient).lastLeaf.toString('hex')}`), patients.map((patient) => chains.get(patient).accesses)],
  );
}

const FIRST = Buffer.alloc(32);
const LEAF = Buffer.of(0);
const ZERO = Buffer.of(0, 0);
const ONE = Buffer.of(0, 1);
const TREAT = Buffer.from('TREAT');
const PATIENT = Buffer.from('Patient');
const ADDRESS = Buffer.from('203.0.113.7');
const COLUMN_COUNT = Buffer.of(0, COLUMNS.length);
const LENGTHS = Array.from({ length: 1024 }, (_, i) => length(i));

function length(bytes) {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(bytes);
  return buffer;
}

/** Field 1 of AccessRecorded: google.protobuf.Timestamp. */
function timestamp(ms) {
  const inner = Buffer.from([0x08, ...varint(Math.floor(ms / 1000)), 0x10, ...varint((ms % 1000) * 1_000_000)]);
  return Buffer.concat([Buffer.of(0x0a, inner.length), inner]);
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

/** Of the range 900…, with its check digit; numbers whose check digit would be 10 are passed over. */
export function nhsNumber(i) {
  for (let candidate = 900_000_000 + i * 3; ; candidate++) {
    const digits = String(candidate);
    const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (10 - at), 0);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return digits + check;
  }
}

const uuidText = (bytes) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
