import { Client } from 'pg';
import { Outcome, AccessRecordedSchema, create, Interaction, timestampFromMs, toBinary } from '@carespine/contracts';
import { newEvent, Outbox } from '@carespine/events';
import { verifyInclusion, openCheckpoint } from '@carespine/transparency-log';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { asSuperuser, scalar } from '../transparency/fixtures/accesses';
import { LogKeys } from '../transparency/log-keys';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { verifyLog } from '../verification/verification';
import { Holds } from './holds';
import { countErasable, eraseAccesses } from './retention';

const RULE = { years: 8, yearsOf: { 'cancer-pathway': 30 } };
const LONG_AGO = Date.UTC(2010, 4, 1);
const [ANN, BEN, CAT] = ['9000000009', '9000000017', '9000000025'] as const;

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
      [ANN, LONG_AGO + 1000, 'cancer-pathway'],
      [CAT, LONG_AGO, 'demographics'],
      ['', LONG_AGO, 'gateway'],
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
    const report = await verifyLog({ databaseUrl: service.databaseUrl, keys: service.app.get(LogKeys), serviceDatabases: {} });
    return report.findings.map(({ kind }) => kind);
  };

  it('erases bytes, salt and what is searched, and leaves the log whole', async () => {
    expect(await findings()).toEqual([]);
    expect(await countErasable(db, CUTOFF, RULE)).toEqual([
      { service: 'demographics', accesses: 3, held: 0 },
      { service: 'gateway', accesses: 1, held: 0 },
    ]);
    expect(await erase()).toBe(4);
    expect(await scalar(service, `SELECT count(*) FROM access_events WHERE salt = '' AND payload = '' AND nhs_number = '' AND user_id = '' AND recorded = 'epoch'`)).toBe(4);
    expect(await findings()).toEqual([]);
    expect(await erase()).toBe(0);
  });

  it('says so in a leaf of its own, without saying of whom', async () => {
    await erase();
    const [row] = await asSuperuser<{ statement: string }>(service, `SELECT statement FROM log_statements WHERE statement LIKE '%erasure%'`);
    expect(JSON.parse(row?.statement ?? '')).toMatchObject({ statement: 'erasure', accesses: 4, before: '2012-01-01T00:00:00Z' });
    expect(row?.statement).not.toMatch(/90000000/);
  });

  it('keeps proofs of what was erased, and its entry in the bundle', async () => {
    const [row] = await asSuperuser<{ event_id: string }>(service, `SELECT event_id FROM access_events WHERE leaf_index = 0`);
    await erase();
    const { checkpoint, proofs } = await service.app.get(TransparencyLog).inclusionOf([row?.event_id as string]);
    const { size, root } = openCheckpoint(checkpoint, service.app.get(LogKeys).verifiers);
    expect(proofs[0]).not.toHaveProperty('salt');
    expect(verifyInclusion({ index: 0, size, root, leafHash: Buffer.from(proofs[0]?.leafHash ?? '', 'base64'), proof: (proofs[0]?.inclusion ?? []).map((hash) => Buffer.from(hash, 'base64')) })).toBe(true);
    await service.app.get(TransparencyLog).summarise();
    expect((await fetch(`${service.url}/audit/log/tile/entries/000.p/5`).then((answer) => answer.arrayBuffer())).byteLength).toBe(5 * 34);
  });

  it('goes on with a patient’s chain behind what was erased', async () => {
    await erase();
    await record([[ANN, Date.now(), 'demographics'], [CAT, Date.now(), 'demographics']]);
    expect(await findings()).toEqual([]);
  });

  it('a hold on a patient keeps hers; released, they may go', async () => {
    const holds = new Holds(db);
    await holds.place('INQ/2026-1', [ANN]);
    expect(await countErasable(db, CUTOFF, RULE)).toContainEqual({ service: 'demographics', accesses: 2, held: 1 });
    expect(await erase()).toBe(3);
    expect(await holds.list()).toMatchObject([{ caseReference: 'INQ/2026-1', patients: 1, everybody: false }]);
    await holds.release('INQ/2026-1', []);
    expect(await erase()).toBe(1);
    expect(await findings()).toEqual([]);
  });

  it('a hold of a case on everybody keeps everything', async () => {
    const holds = new Holds(db);
    await holds.place('INQ/2026-2', []);
    await expect(erase()).rejects.toThrow('Everything is held for case INQ/2026-2');
    expect(await db.query('SELECT * FROM erase_accesses($1, $2, -1, 10)', [CUTOFF, '{}']).then(({ rows }) => rows as unknown[])).toEqual([{ accesses: 0, last_index: null }]);
    await holds.release('INQ/2026-2', []);
    expect(await erase()).toBe(4);
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
    await asSuperuser(service, `SET session_replication_role = replica; DELETE FROM access_events WHERE leaf_index = 0`);
    expect(await findings()).toContain('erasure-unlawful');
    await asSuperuser(service, `SET session_replication_role = replica; DELETE FROM access_events WHERE leaf_index = 5`);
    expect(await findings()).toContain('leaf-missing');
  });

  it('an event made to look as if it had been erased is found', async () => {
    await erase();
    await asSuperuser(
      service,
      `SET session_replication_role = replica;
       INSERT INTO erased_leaves SELECT 6, sha256(salt || uuid_send(event_id) || previous_leaf || payload), (SELECT max(erasure) FROM erased_leaves) FROM access_events WHERE leaf_index = 6;
       UPDATE access_events SET salt = '', payload = '', previous_leaf = '', nhs_number = '', user_id = '', ods_code = '', request_id = '', client_address = '' WHERE leaf_index = 6`,
    );
    expect(await findings()).toContain('erasure-unlawful');
  });

  it('the table itself refuses every other change, also to who sets what erasure sets', async () => {
    await expect(asSuperuser(service, `UPDATE access_events SET payload = ''`)).rejects.toThrow('append-only');
    await expect(asSuperuser(service, `DELETE FROM access_events`)).rejects.toThrow('append-only');
    await expect(asSuperuser(service, `CREATE ROLE some_service; GRANT ALL ON ALL TABLES IN SCHEMA public TO some_service; SET ROLE some_service; SELECT set_config('carespine.erasure', pg_current_xact_id()::text, true); UPDATE access_events SET payload = ''`)).rejects.toThrow('append-only');
  });
});
