import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { checkpointText, NoteSigner, signNote } from '@carespine/transparency-log';
import { closeService } from '@carespine/service-kit';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { NOTHING_ON_ITS_WAY, placing, recordAccesses, scalar, SUMMARY_KEY } from '../transparency/fixtures/accesses';
import { LogKeys } from '../transparency/log-keys';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { shortageStatement } from './accepted-shortage';
import { verifyLog, type VerificationOrder, type VerificationReport } from './verification';

const PATIENTS = ['9000000009', '9000000017', '9000000025', '9000000033', '9000000041'];

/** Each case has a database of its own, a copy of one that a running service has filled, and tampers with it as a superuser can. */
describe('the log is held against everything that was ever signed', () => {
  let service: RunningService;
  let keys: LogKeys;
  const copies: string[] = [];
  const sql = async (url: string, text: string, values: unknown[] = []): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(text, values);
    } finally {
      await client.end();
    }
  };
  const server = (): string => new URL('/postgres', service.databaseUrl).href;
  const template = (): string => new URL(service.databaseUrl).pathname.slice(1);

  beforeAll(async () => {
    service = await startService(audit, { LOG_INTERVAL_MS: '20' });
    keys = service.app.get(LogKeys);
    for (let round = 0; round < 6; round++) await recordAccesses(service, Array.from({ length: 100 }, (_, i) => PATIENTS[i % PATIENTS.length] as string));
    await service.app.get(TransparencyLog).summarise();
    await recordAccesses(service, PATIENTS);
    await eventually(async () => expect(await scalar(service, 'SELECT max(tree_size) FROM checkpoints')).toBe(606));
    await closeService(service.app);
  });
  afterAll(async () => {
    for (const database of [...copies, template()]) await sql(server(), `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  });

  const copy = async (): Promise<string> => {
    const name = `copy_${randomBytes(6).toString('hex')}`;
    copies.push(name);
    await sql(server(), `CREATE DATABASE ${name} TEMPLATE ${template()}`);
    return new URL(`/${name}`, service.databaseUrl).href;
  };
  const verify = (databaseUrl: string, serviceDatabases: Record<string, string> = {}, more: Partial<VerificationOrder> = {}): Promise<VerificationReport> =>
    verifyLog({ databaseUrl, keys, summaryKey: SUMMARY_KEY, eventLog: NOTHING_ON_ITS_WAY, serviceDatabases, patienceMs: 300, ...more });
  /** What is found after tampering. */
  const after = async (...statements: string[]): Promise<VerificationReport['findings']> => {
    const url = await copy();
    await sql(url, `SET session_replication_role = replica; ${statements.join(';')}`);
    return (await verify(url)).findings;
  };
  const placesOf = (findings: VerificationReport['findings'], kind: string): string[] | undefined => findings.find((finding) => finding.kind === kind)?.at;

  it('finds nothing where nothing was touched', async () => {
    const report = await verify(await copy());
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ leaves: 606, published: 606 });
    expect(report.checkpoints).toBeGreaterThan(5);
  });

  it('an edited row', async () => {
    const findings = await after(`UPDATE access_events SET payload = set_byte(payload, 5, get_byte(payload, 5) # 1) WHERE leaf_index = 77`);
    expect(placesOf(findings, 'leaf-altered')).toEqual(['77']);
  });

  it('an edited row whose leaf hash was made to fit', async () => {
    const fit = `leaf_hash = sha256('\\x00'::bytea || sha256(salt || uuid_send(event_id) || previous_leaf || payload))`;
    const findings = await after(`UPDATE access_events SET payload = payload || '\\x3001'::bytea WHERE leaf_index = 77`, `UPDATE access_events SET ${fit} WHERE leaf_index = 77`);
    expect(placesOf(findings, 'leaf-altered')).toEqual(['77']);
  });

  it('an edited row whose leaf hash and tile were made to fit', async () => {
    const findings = await after(
      `UPDATE access_events SET payload = payload || '\\x3001'::bytea WHERE leaf_index = 77`,
      `UPDATE access_events SET leaf_hash = sha256('\\x00'::bytea || sha256(salt || uuid_send(event_id) || previous_leaf || payload)) WHERE leaf_index = 77`,
      `UPDATE log_tiles SET hashes = overlay(hashes PLACING (SELECT leaf_hash FROM access_events WHERE leaf_index = 77) FROM 77 * 32 + 1) WHERE level = 0 AND tile_index = 0`,
    );
    expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['checkpoint-root', 'tile-altered', 'chain-broken']));
  });

  it('a salt exchanged', async () => {
    expect(placesOf(await after(`UPDATE access_events SET salt = decode(repeat('00', 16), 'hex') WHERE leaf_index = 300`), 'leaf-altered')).toEqual(['300']);
  });

  it('a deleted row', async () => {
    const findings = await after('DELETE FROM access_events WHERE leaf_index = 123');
    expect(placesOf(findings, 'leaf-missing')).toEqual(['123']);
    expect(placesOf(findings, 'chain-broken')).toEqual(['128']);
    expect(findings.map(({ kind }) => kind)).not.toContain('leaf-altered');
  });

  it('a deleted row, and all behind it moved up', async () => {
    const findings = await after(
      'DELETE FROM access_events WHERE leaf_index = 123',
      'DROP INDEX access_events_leaf',
      'UPDATE access_events SET leaf_index = leaf_index - 1 WHERE leaf_index > 123 AND leaf_index < 600',
      'UPDATE log_tail SET next_index = next_index - 1',
    );
    expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['leaf-altered', 'leaf-missing']));
  });

  it('the newest rows deleted, with the tail set back', async () => {
    const findings = await after('DELETE FROM access_events WHERE leaf_index > 600', 'UPDATE log_tail SET next_index = 601');
    expect(placesOf(findings, 'leaf-missing')).toEqual(['601', '602', '603', '604', '605']);
  });

  it('swapped rows', async () => {
    const findings = await after(
      'DROP INDEX access_events_leaf',
      'UPDATE access_events SET leaf_index = CASE leaf_index WHEN 40 THEN 41 ELSE 40 END WHERE leaf_index IN (40, 41)',
    );
    expect(placesOf(findings, 'leaf-altered')).toEqual(['40', '41']);
  });

  it('a back-dated row', async () => {
    const findings = await after(`UPDATE access_events SET recorded = recorded - interval '30 days' WHERE leaf_index = 9`);
    expect(findings).toEqual([{ kind: 'column-altered', times: 1, at: ['9'] }]);
  });

  it('a row that is hidden from those who search: its patient, user or organisation altered', async () => {
    for (const column of ['nhs_number', 'user_id', 'ods_code', 'service', 'purpose', 'client_address', 'request_id']) {
      expect(placesOf(await after(`UPDATE access_events SET ${column} = 'x' WHERE leaf_index = 9`), 'column-altered')).toEqual(['9']);
    }
  });

  it('a row inserted at a place that is taken', async () => {
    const findings = await after('DROP INDEX access_events_leaf', 'ALTER TABLE access_events DROP CONSTRAINT access_events_pkey', 'INSERT INTO access_events SELECT * FROM access_events WHERE leaf_index = 50');
    expect(placesOf(findings, 'leaf-out-of-place')).toEqual(['50']);
  });

  it('a row inserted behind the tail, before the first, or far away', async () => {
    for (const place of [606, 900_000_000_000, -1]) {
      const copied = `event_id = gen_random_uuid(), leaf_index = ${place}`;
      const findings = await after(`CREATE TEMP TABLE one AS SELECT * FROM access_events WHERE leaf_index = 50`, `UPDATE one SET ${copied}`, 'INSERT INTO access_events SELECT * FROM one');
      expect(findings.map(({ kind }) => kind)).toContain('leaf-out-of-place');
    }
  });

  /** The database of a service that has counted so many. */
  const counting = async (accesses: number): Promise<string> => {
    const url = await copy();
    await sql(url, `SET session_replication_role = replica; UPDATE outbox_tally SET carried = ${accesses} WHERE topic = 'audit.access.v1'`);
    return url;
  };

  it('counts what services say they recorded', async () => {
    const services = await copy();
    const report = await verify(await copy(), { audit: services });
    expect(report).toMatchObject({ findings: [], counted: ['audit'], unreachable: [], onTheWay: 0 });
  });

  it('a row inserted as if it had been recorded, by what services say they recorded', async () => {
    expect((await verify(await copy(), { audit: await counting(604) })).findings).toEqual([{ kind: 'never-emitted', times: 1, at: ['audit'] }]);
  });

  it('accesses of a service that nobody counts, once any is counted', async () => {
    expect((await verify(await copy(), { demographics: await counting(0) })).findings).toEqual([{ kind: 'never-emitted', times: 605, at: ['audit'] }]);
  });

  it('a count that was taken away', async () => {
    const services = await copy();
    await sql(services, 'DROP TABLE outbox_tally');
    expect((await verify(await copy(), { audit: services })).findings).toEqual([{ kind: 'never-emitted', times: 605, at: ['audit'] }]);
  });

  it('a service whose database is away is named, and says nothing about the log', async () => {
    const report = await verify(await copy(), { audit: await copy(), demographics: 'postgres://127.0.0.1:1/nowhere' });
    expect(report).toMatchObject({ findings: [], counted: ['audit'], unreachable: ['demographics'] });
  });

  it('an access that a service recorded and that never arrived', async () => {
    expect((await verify(await copy(), { audit: await counting(608) })).findings).toEqual([{ kind: 'emitted-missing', times: 3, at: ['audit'] }]);
  });

  it('an access that was taken out of the outbox before it left', async () => {
    const services = await copy();
    await sql(services, `INSERT INTO outbox (event_id, topic, type, key, occurred_at, traceparent, payload) VALUES (gen_random_uuid(), 'audit.access.v1', 't', 'k', now(), '', '')`);
    expect((await verify(await copy(), { audit: services })).findings).toEqual([]);
    await sql(services, 'DELETE FROM outbox');
    expect((await verify(await copy(), { audit: services })).findings).toEqual([{ kind: 'emitted-missing', times: 1, at: ['audit'] }]);
    for (const change of ['TRUNCATE outbox', `UPDATE outbox SET topic = ''`, 'UPDATE outbox_tally SET carried = carried - 1', 'DELETE FROM outbox_tally']) {
      await expect(sql(services, change)).rejects.toThrow('is not changed so');
    }
  });

  it('what is behind in the event log, or put aside there, is on its way', async () => {
    const eventLog = { ...NOTHING_ON_ITS_WAY, lag: () => Promise.resolve(new Map([['audit.access.v1', 3]])) };
    expect(await verify(await copy(), { audit: await counting(608) }, { eventLog })).toMatchObject({ findings: [], onTheWay: 3 });
    expect((await verify(await copy(), { audit: await counting(609) }, { eventLog })).findings).toEqual([{ kind: 'emitted-missing', times: 4, at: ['audit'] }]);
  });

  it('a shortage is accepted once the operator has signed for it, and no more than that', async () => {
    const url = await copy();
    const statement = shortageStatement({ service: 'audit', accesses: 3 }, keys.signers);
    await sql(url, placing(statement));
    expect((await verify(url, { audit: await counting(608) })).findings).toEqual([]);
    await sql(url, placing(statement));
    expect((await verify(url, { audit: await counting(609) })).findings).toEqual([{ kind: 'emitted-missing', times: 1, at: ['audit'] }]);
    expect((await verify(url, { audit: await counting(605) })).findings).toEqual([{ kind: 'never-emitted', times: 3, at: ['audit'] }]);
  });

  it('a shortage that somebody without the key has accepted', async () => {
    const url = await copy();
    const stranger = NoteSigner.ofLog(keys.origin, generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
    await sql(url, placing(shortageStatement({ service: 'audit', accesses: 3 }, [stranger])));
    const { findings } = await verify(url, { audit: await counting(608) });
    expect(findings).toEqual([{ kind: 'statement-forged', times: 1, at: ['606'] }, { kind: 'emitted-missing', times: 3, at: ['audit'] }]);
  });

  it('a summary that leaves an access out, names another last one, or stands under another patient', async () => {
    const shifted = 'UPDATE summary_patients p SET patient_key = other.patient_key FROM summary_patients other WHERE other.summary = p.summary AND other.position = (p.position + 1) % 5';
    for (const change of [
      'UPDATE summary_patients SET accesses = accesses - 1 WHERE position = 2',
      `UPDATE summary_patients SET last_leaf = (SELECT leaf_hash FROM access_events WHERE leaf_index = 3) WHERE position = 2`,
      'DELETE FROM summary_patients WHERE position = 4',
      `ALTER TABLE summary_patients DROP CONSTRAINT summary_patients_pkey; ${shifted}`,
      'UPDATE summary_tiles SET hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)',
      'DELETE FROM summary_tiles',
    ]) {
      expect(await after(change)).toEqual([{ kind: 'summary-altered', times: 1, at: ['600'] }]);
    }
  });

  it('a summary made anew over accesses that were left out', async () => {
    const url = await copy();
    await sql(
      url,
      `SET session_replication_role = replica; DELETE FROM summary_patients WHERE position > 0; UPDATE summaries SET leaf_index = 606;
       ${placing({ statement: 'summary', root: 'x', size: 1, upTo: 606, at: new Date().toISOString() })}`,
    );
    expect((await verify(url)).findings).toEqual([{ kind: 'summary-altered', times: 1, at: ['606'] }]);
  });

  it('what cannot be read is a finding, and keeps the verification from nothing', async () => {
    expect((await after(`UPDATE log_statements SET statement = '{'`)).map(({ kind }) => kind)).toEqual(['leaf-altered', 'statement-forged', 'summary-altered']);
    expect(await after(`UPDATE access_events SET recorded = 'infinity' WHERE leaf_index = 9`)).toEqual([{ kind: 'column-altered', times: 1, at: ['9'] }]);
    expect((await after('ALTER TABLE access_events ALTER COLUMN salt DROP NOT NULL', 'UPDATE access_events SET salt = NULL WHERE leaf_index = 9')).map(({ kind }) => kind)).toContain('unreadable');
    expect((await after('DROP TABLE erased_leaves')).map(({ kind }) => kind)).toContain('unreadable');
  });

  it('a tail or a checkpoint far beyond what is stored', async () => {
    expect((await after('UPDATE log_tail SET next_index = 9000000000000000')).map(({ kind }) => kind)).toContain('leaf-missing');
    expect((await after('UPDATE checkpoints SET tree_size = 9000000000000000 WHERE number = (SELECT max(number) FROM checkpoints)')).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['checkpoint-root', 'leaf-missing']),
    );
    const beyond = `INSERT INTO checkpoints (number, tree_size, root_hash, note) SELECT 9007199254740993, 9000000000000000, root_hash, note FROM checkpoints WHERE number = 1`;
    expect((await after(beyond)).map(({ kind }) => kind)).toContain('checkpoint-order');
  });

  it('what is numbered before the first', async () => {
    expect(await after(`INSERT INTO checkpoints (number, tree_size, root_hash, note) SELECT 0, -1, root_hash, note FROM checkpoints WHERE number = 1`)).toEqual([{ kind: 'checkpoint-order', times: 1, at: ['number 0'] }]);
    expect(await after(`INSERT INTO log_statements SELECT -1, statement, leaf_hash FROM log_statements`)).toContainEqual({ kind: 'leaf-out-of-place', times: 1, at: ['-1'] });
  });

  it('a tile altered, shortened or taken away', async () => {
    expect(placesOf(await after('UPDATE log_tiles SET hashes = set_byte(hashes, 70, get_byte(hashes, 70) # 1) WHERE level = 0 AND tile_index = 1'), 'tile-altered')).toEqual(['0/1']);
    expect(placesOf(await after('UPDATE log_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE level = 1'), 'tile-altered')).toEqual(['1/0']);
    expect((await after('UPDATE log_tiles SET hashes = substr(hashes, 1, 3200) WHERE level = 0 AND tile_index = 1')).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['tile-altered']));
    expect((await after('DELETE FROM log_tiles WHERE level = 0 AND tile_index = 1')).map(({ kind }) => kind)).toContain('tile-missing');
    expect((await after('DELETE FROM log_tiles WHERE level = 1')).map(({ kind }) => kind)).toContain('tile-missing');
  });

  it('a rolled-back checkpoint: the newest are gone', async () => {
    const findings = await after('DELETE FROM checkpoints WHERE number = (SELECT max(number) FROM checkpoints)');
    expect(findings.map(({ kind }) => kind)).toEqual(['checkpoint-rolled-back']);
  });

  it('a checkpoint taken out of the middle', async () => {
    expect((await after('DELETE FROM checkpoints WHERE number = 3')).map(({ kind }) => kind)).toEqual(['checkpoint-order']);
  });

  it('a checkpoint whose row, note or signature was altered', async () => {
    for (const change of ['tree_size = tree_size + 1', `root_hash = decode(repeat('00', 32), 'hex')`, `note = replace(note, '— ', '— x')`, `note = overlay(note PLACING 'AAAA' FROM length(note) - 20)`, `note = replace(note, E'\\n\\n', E'\\nmore\\n\\n')`]) {
      expect((await after(`UPDATE checkpoints SET ${change} WHERE number = 3`)).map(({ kind }) => kind)).toContain('checkpoint-forged');
    }
  });

  it('two different roots at one size, both signed', async () => {
    const url = await copy();
    const text = checkpointText({ origin: keys.origin, size: 606, root: Buffer.alloc(32, 1) });
    await sql(url, 'ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_of_size');
    await sql(url, `INSERT INTO checkpoints (number, tree_size, root_hash, note) SELECT max(number) + 1, 606, $1, $2 FROM checkpoints`, [Buffer.alloc(32, 1), signNote(text, keys.signers)]);
    const { findings } = await verify(url);
    expect(placesOf(findings, 'checkpoint-order')).toEqual(['606']);
    expect(placesOf(findings, 'checkpoint-root')).toEqual(['606']);
  });

  it('a smaller tree signed after a larger one', async () => {
    const url = await copy();
    const text = checkpointText({ origin: keys.origin, size: 1, root: Buffer.alloc(32, 1) });
    await sql(url, `INSERT INTO checkpoints (number, tree_size, root_hash, note) SELECT max(number) + 1, 1, $1, $2 FROM checkpoints`, [Buffer.alloc(32, 1), signNote(text, keys.signers)]).catch(() =>
      sql(url, 'ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_of_size').then(() =>
        sql(url, `INSERT INTO checkpoints (number, tree_size, root_hash, note) SELECT max(number) + 1, 1, $1, $2 FROM checkpoints`, [Buffer.alloc(32, 1), signNote(text, keys.signers)]),
      ),
    );
    expect((await verify(url)).findings.map(({ kind }) => kind)).toEqual(['checkpoint-order', 'checkpoint-root']);
  });

  it('a checkpoint signed by an unknown key only', async () => {
    const url = await copy();
    const stranger = NoteSigner.ofLog(keys.origin, generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
    await sql(url, 'SET session_replication_role = replica; UPDATE checkpoints SET note = split_part(note, E$1, 1)'.replace('$1', `'\\n\\n'`) + ' WHERE number = 2');
    const report = await verify(await copy(), {}, { keys: { origin: keys.origin, verifiers: [stranger.verifier], witnesses: [] } });
    expect(report.findings.map(({ kind, times }) => [kind, times])).toEqual([['checkpoint-forged', report.checkpoints]]);
    expect((await verify(url)).findings.map(({ kind }) => kind)).toEqual(['checkpoint-forged']);
  });

  it('a patient’s chain that was cut, or whose end was altered', async () => {
    expect((await after(`UPDATE patient_chain SET accesses = accesses - 1 WHERE nhs_number = '9000000009'`)).map(({ kind }) => kind)).toEqual(['chain-end']);
    expect((await after(`UPDATE patient_chain SET last_leaf = decode(repeat('00', 32), 'hex') WHERE nhs_number = '9000000009'`)).map(({ kind }) => kind)).toEqual(['chain-end']);
    expect((await after(`DELETE FROM patient_chain WHERE nhs_number = '9000000009'`)).map(({ kind }) => kind)).toEqual(['chain-end']);
    expect((await after(`UPDATE access_events SET previous_leaf = decode(repeat('00', 32), 'hex') WHERE leaf_index = 200`)).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['chain-broken', 'leaf-altered']));
  });

  it('an event emptied without a statement of erasure', async () => {
    const findings = await after(`UPDATE access_events SET salt = '', payload = '', previous_leaf = '', recorded = 'epoch', ods_code = '', user_id = '', nhs_number = '', request_id = '', client_address = '' WHERE leaf_index = 60`);
    expect(placesOf(findings, 'erasure-unlawful')).toEqual(['60']);
  });

  it('a statement of the log altered', async () => {
    const findings = await after(`UPDATE log_statements SET statement = replace(statement, '"size":5', '"size":4')`);
    expect(placesOf(findings, 'leaf-altered')).toEqual(['600']);
  });

  it('names nobody', async () => {
    const url = await copy();
    await sql(url, `SET session_replication_role = replica; DELETE FROM access_events WHERE leaf_index % 3 = 0; DELETE FROM patient_chain`);
    const report = await verify(url);
    expect(report.findings.length).toBeGreaterThan(1);
    for (const patient of PATIENTS) expect(JSON.stringify(report)).not.toContain(patient);
    for (const { at } of report.findings) expect(at.length).toBeLessThanOrEqual(20);
  });
});
