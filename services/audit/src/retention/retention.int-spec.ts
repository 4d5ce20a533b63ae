import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { Outcome, AccessRecordedSchema, create, Interaction, timestampFromMs, toBinary } from '@carespine/contracts';
import { newEvent, Outbox } from '@carespine/events';
import { isUnbroken, verifyInclusion, openCheckpoint } from '@carespine/transparency-log';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { asIfSignedAt, asSuperuser, NOTHING_ON_ITS_WAY, placing, scalar, SUMMARY_KEY, untilPublished } from '../transparency/fixtures/accesses';
import { LogKeys } from '../transparency/log-keys';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { verifyLog } from '../verification/verification';
import { Holds } from './holds';
import { countErasable, eraseAccesses } from './retention';

const RULE = { years: 8, yearsOf: { 'cancer-pathway': 30 } };
const LONG_AGO = Date.UTC(2010, 4, 1);
const [ANN, BEN, CAT, DOT, EVE] = ['9000000009', '9000000017', '9000000025', '9000000033', '9000000041'] as const;

describe('the end of retention', () => {
  let service: RunningService;
  let db: Client;
  const CUTOFF = new Date('2012-01-01T00:00:00Z');

  beforeEach(async () => {
    service = await startService(audit, { LOG_INTERVAL_MS: '20' });
    db = new Client({ connectionString: service.databaseUrl });
    await db.connect();
    await record([
      [ANN, LONG_AGO, 'demographics'],
      [BEN, LONG_AGO, 'demographics'],
      [ANN, LONG_AGO + 1000, 'demographics'],
      [CAT, LONG_AGO, 'demographics'],
      ['', LONG_AGO, 'gateway'],
      [CAT, LONG_AGO + 1000, 'record-locator'],
      [DOT, LONG_AGO, 'demographics'],
      [DOT, LONG_AGO + 1000, 'cancer-pathway'],
    ]);
    await asIfSignedAt(service, '2011-06-01T00:00:00Z');
    await record([
      [ANN, Date.now(), 'demographics'],
      [BEN, Date.now(), 'demographics'],
    ]);
  });
  afterEach(async () => {
    await db.end();
    await service.stop();
  });

  async function record(accesses: [nhsNumber: string, at: number, from: string][]): Promise<void> {
    const events = accesses.map(([nhsNumber, at, from]) =>
      newEvent({
        topic: 'audit.access.v1',
        type: AccessRecordedSchema.typeName,
        key: 'k',
        payload: toBinary(
          AccessRecordedSchema,
          create(AccessRecordedSchema, { nhsNumber, recorded: timestampFromMs(at), service: from, interaction: Interaction.READ, outcome: Outcome.SUCCESS, requestId: 'a-request', agent: { userId: '555000000102', odsCode: 'RZZ01' } }),
        ),
      }),
    );
    const before = await scalar(service, 'SELECT count(*) FROM access_events');
    await service.app.get(Outbox).append(events);
    await eventually(async () => expect(await scalar(service, 'SELECT count(*) FROM access_events')).toBe(before + events.length));
  }
  const erase = (before = CUTOFF): Promise<number> => eraseAccesses(db, before, RULE, () => undefined);
  const findings = async (): Promise<string[]> => {
    await service.app.get(TransparencyLog).summarise();
    const report = await verifyLog({ databaseUrl: service.databaseUrl, keys: service.app.get(LogKeys), summaryKey: SUMMARY_KEY, eventLog: NOTHING_ON_ITS_WAY, serviceDatabases: {} });
    return report.findings.map(({ kind }) => kind);
  };

  it('erases bytes, salt and what is searched, of whole chains, and leaves the log whole', async () => {
    expect(await findings()).toEqual([]);
    expect(await countErasable(db, CUTOFF, RULE)).toEqual([
      { service: 'demographics', accesses: 1, held: 0 },
      { service: 'gateway', accesses: 1, held: 0 },
      { service: 'record-locator', accesses: 1, held: 0 },
    ]);
    expect(await erase()).toBe(3);
    expect(await scalar(service, `SELECT count(*) FROM access_events WHERE salt = '' AND payload = '' AND nhs_number = '' AND user_id = '' AND recorded = 'epoch'`)).toBe(3);
    expect(await findings()).toEqual([]);
    expect(await erase()).toBe(0);
  });

  it('says so in a leaf of its own, without saying of whom', async () => {
    await erase();
    const [row] = await asSuperuser<{ statement: string }>(service, `SELECT statement FROM log_statements WHERE statement LIKE '%erasure%'`);
    expect(JSON.parse(row?.statement ?? '')).toMatchObject({ statement: 'erasure', accesses: 3, before: '2012-01-01T00:00:00Z' });
    expect(row?.statement).not.toMatch(/90000000/);
  });

  it('at least 8 years after last entry: who was looked up since, under whichever of her numbers, keeps all', async () => {
    await asSuperuser(service, `INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ('${EVE}', '${CAT}'), ('${BEN}', '${EVE}')`);
    expect(await erase()).toBe(1);
    expect(await scalar(service, `SELECT count(*) FROM access_events WHERE nhs_number IN ('${ANN}', '${BEN}', '${CAT}')`)).toBe(7);
  });

  it('30 years for cancer pathway events, whatever the settings say', async () => {
    await eraseAccesses(db, CUTOFF, { years: 8, yearsOf: {} }, () => undefined);
    await eraseAccesses(db, CUTOFF, { years: 8, yearsOf: { 'cancer-pathway': 8 } }, () => undefined);
    expect(await scalar(service, `SELECT count(*) FROM access_events WHERE nhs_number = '${DOT}'`)).toBe(2);
  });

  it('what came into the log lately is kept, however long ago it is said to have happened', async () => {
    await record([[EVE, LONG_AGO, 'demographics'], [CAT, LONG_AGO, 'demographics']]);
    expect(await erase()).toBe(1);
    expect(await scalar(service, `SELECT count(*) FROM access_events WHERE nhs_number IN ('${EVE}', '${CAT}')`)).toBe(4);
  });

  it('keeps proofs of what was erased, and its entry in the bundle', async () => {
    const [row] = await asSuperuser<{ event_id: string }>(service, `SELECT event_id FROM access_events WHERE leaf_index = 3`);
    await erase();
    const { checkpoint, proofs } = await service.app.get(TransparencyLog).inclusionOf([row?.event_id as string]);
    const { size, root } = openCheckpoint(checkpoint, service.app.get(LogKeys).verifiers);
    expect(proofs[0]).not.toHaveProperty('salt');
    expect(verifyInclusion({ index: 3, size, root, leafHash: Buffer.from(proofs[0]?.leafHash ?? '', 'base64'), proof: (proofs[0]?.inclusion ?? []).map((hash) => Buffer.from(hash, 'base64')) })).toBe(true);
    await service.app.get(TransparencyLog).summarise();
    expect((await fetch(`${service.url}/audit/log/tile/entries/000.p/5`).then((answer) => answer.arrayBuffer())).byteLength).toBe(5 * 34);
  });

  it('a patient whose accesses were erased has none, and the next begins a chain that is whole', async () => {
    const log = service.app.get(TransparencyLog);
    await log.summarise();
    expect((await log.completenessOf(CAT))?.accesses).toBe(2);
    await erase();
    expect(await log.completenessOf(CAT)).toBeUndefined();
    await record([[CAT, Date.now(), 'demographics'], [ANN, Date.now(), 'demographics']]);
    const leaves = await asSuperuser<{ leafHash: string; previousLeaf: string }>(
      service,
      `SELECT encode(leaf_hash, 'base64') AS "leafHash", encode(previous_leaf, 'base64') AS "previousLeaf" FROM access_events WHERE nhs_number = '${CAT}'`,
    );
    const completeness = await log.completenessOf(CAT);
    expect(completeness && isUnbroken(leaves, completeness)).toBe(true);
    expect(completeness && isUnbroken([], completeness)).toBe(false);
    expect(await findings()).toEqual([]);
  });

  it('a hold on a patient, by any of her numbers, keeps hers; released, they may go', async () => {
    await asSuperuser(service, `INSERT INTO patient_facts (nhs_number, superseded_by) VALUES ('9000000068', '${EVE}'), ('${EVE}', '${CAT}')`);
    const holds = new Holds(db);
    await holds.place('INQ/2026-1', ['9000000068']);
    expect(await countErasable(db, CUTOFF, RULE)).toContainEqual({ service: 'demographics', accesses: 0, held: 1 });
    expect(await erase()).toBe(1);
    expect(await holds.list()).toMatchObject([{ caseReference: 'INQ/2026-1', patients: 1, everybody: false }]);
    expect(await holds.patientsOf('INQ/2026-1')).toEqual(['9000000068']);
    await holds.release('INQ/2026-1', []);
    expect(await erase()).toBe(2);
    expect(await findings()).toEqual([]);
  });

  it('a hold of a case on everybody keeps everything', async () => {
    const holds = new Holds(db);
    await holds.place('INQ/2026-2', []);
    await expect(erase()).rejects.toThrow('Everything is held for case INQ/2026-2');
    expect(await db.query('SELECT * FROM erase_accesses($1, $2, -1, 10)', [CUTOFF, '{}']).then(({ rows }) => rows as unknown[])).toEqual([{ accesses: 0, last_index: null }]);
    await holds.release('INQ/2026-2', []);
    expect(await erase()).toBe(3);
  });

  it('holds and freezes are lifted once, and never altered or forgotten', async () => {
    await new Holds(db).place('INQ/2026-3', [ANN]);
    await asSuperuser(service, `INSERT INTO log_freeze (reason) VALUES ('a test')`);
    for (const sql of ['DELETE FROM litigation_holds', `UPDATE litigation_holds SET nhs_number = '${BEN}'`, 'DELETE FROM log_freeze', `UPDATE log_freeze SET reason = ''`]) {
      await expect(asSuperuser(service, sql)).rejects.toThrow('append-only');
    }
    await new Holds(db).release('INQ/2026-3', []);
    await expect(asSuperuser(service, 'UPDATE litigation_holds SET released_at = NULL')).rejects.toThrow('append-only');
  });

  it('refuses a date within the retention, a hold without a case, and a release of nothing', async () => {
    await expect(erase(new Date())).rejects.toThrow('kept for 8 years');
    await expect(db.query(`SELECT erase_accesses(now() - interval '7 years', '{}', -1, 10)`)).rejects.toThrow('at least 8 years');
    const holds = new Holds(db);
    await expect(holds.place('', [ANN])).rejects.toThrow('A case is named');
    await expect(holds.place('A', ['9000000000'])).rejects.toThrow('NHS number');
    await expect(holds.release('NONE', [])).rejects.toThrow('no such hold');
  });

  it('an unlawful deletion, before or after a lawful one, is found', async () => {
    await erase();
    await asSuperuser(service, `SET session_replication_role = replica; DELETE FROM access_events WHERE leaf_index = 3`);
    expect(await findings()).toContain('erasure-unlawful');
    await asSuperuser(service, `SET session_replication_role = replica; DELETE FROM access_events WHERE leaf_index = 10`);
    expect(await findings()).toContain('leaf-missing');
  });

  const emptied = (indices: number[], erasure: string): string => `
    INSERT INTO erased_leaves SELECT leaf_index, sha256(salt || uuid_send(event_id) || previous_leaf || payload), ${erasure} FROM access_events WHERE leaf_index IN (${indices.join()});
    DELETE FROM patient_chain WHERE nhs_number IN (SELECT nhs_number FROM access_events WHERE leaf_index IN (${indices.join()}));
    UPDATE access_events SET salt = '', payload = '', previous_leaf = '', recorded = 'epoch', ods_code = '', user_id = '', nhs_number = '', request_id = '', outcome = 0, interaction = 0,
      purpose = '', role_profile_id = '', client_id = '', client_address = '' WHERE leaf_index IN (${indices.join()})`;

  it('an event made to look as if it had been erased is found', async () => {
    await erase();
    await asSuperuser(service, `SET session_replication_role = replica; ${emptied([9], '(SELECT max(erasure) FROM erased_leaves)')}`);
    expect(await findings()).toContain('erasure-unlawful');
  });

  /** The whole chain of somebody, with a statement as the log makes them, which the log then signs. */
  const forge = async (indices: number[], before: string, at: string): Promise<void> => {
    const digest = createHash('sha256').update(indices.join('\n')).digest('base64');
    await asSuperuser(
      service,
      `SET session_replication_role = replica; ${emptied(indices, '(SELECT next_index FROM log_tail)')};
        ${placing({ statement: 'erasure', accesses: indices.length, indices: digest, before, at })}`,
    );
    await untilPublished(service);
  };
  const today = (): string => new Date().toISOString();
  // the statement of 2011 is leaf 8; behind it stand the accesses of today
  const BENS = [1, 10];

  it('the erasure of what was not past its retention, with all that belongs to a lawful one, is found', async () => {
    await forge(BENS, '2012-01-01T00:00:00Z', today());
    expect(await findings()).toEqual(['erasure-unlawful']);
  });

  it('also with a date that makes it past its retention', async () => {
    await forge(BENS, today(), today());
    expect(await findings()).toEqual(['erasure-unlawful']);
  });

  it('also if it says that it will be made, or lets the log say something that is back-dated', async () => {
    await untilPublished(service);
    await asSuperuser(service, placing({ statement: 'summary', at: '2011-07-01T00:00:00Z' }));
    await untilPublished(service);
    await forge(BENS, '2012-01-01T00:00:00Z', today());
    expect(await findings()).toEqual(expect.arrayContaining(['statement-forged', 'erasure-unlawful']));
    await forge([0, 2, 9], '2040-01-01T00:00:00Z', '2050-01-01T00:00:00Z');
    expect(await findings()).toEqual(expect.arrayContaining(['statement-forged', 'erasure-unlawful']));
  });

  it('the erasure of a cancer pathway event after ten years is found', async () => {
    await forge([6, 7], '2012-01-01T00:00:00Z', today());
    expect(await findings()).toEqual(['erasure-unlawful']);
  });

  it('what is written into the columns of an erased event is found', async () => {
    await erase();
    for (const column of [`purpose = 'TREAT'`, 'outcome = 4', 'recorded = now()', `client_id = 'x'`, `previous_leaf = '\\x00'`]) {
      await asSuperuser(service, `SET session_replication_role = replica; UPDATE access_events SET ${column} WHERE leaf_index = 3`);
      expect(await findings()).toContain('erasure-unlawful');
      await asSuperuser(service, `SET session_replication_role = replica; UPDATE access_events SET purpose = '', outcome = 0, recorded = 'epoch', client_id = '', previous_leaf = '' WHERE leaf_index = 3`);
    }
    expect(await findings()).toEqual([]);
  });

  it('the table itself refuses every other change, also to who sets what erasure sets', async () => {
    await expect(asSuperuser(service, `UPDATE access_events SET payload = ''`)).rejects.toThrow('append-only');
    await expect(asSuperuser(service, `DELETE FROM access_events`)).rejects.toThrow('append-only');
    await expect(asSuperuser(service, `CREATE ROLE some_service; GRANT ALL ON ALL TABLES IN SCHEMA public TO some_service; SET ROLE some_service; SELECT set_config('carespine.erasure', pg_current_xact_id()::text, true); UPDATE access_events SET payload = ''`)).rejects.toThrow('append-only');
  });
});
