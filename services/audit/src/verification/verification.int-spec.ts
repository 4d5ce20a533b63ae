import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { checkpointText, NoteSigner, signNote } from '@carespine/transparency-log';
import { closeService } from '@carespine/service-kit';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { recordAccesses, scalar } from '../transparency/fixtures/accesses';
import { LogKeys } from '../transparency/log-keys';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { verifyLog, type VerificationReport } from './verification';

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
  const verify = (databaseUrl: string, serviceDatabases: Record<string, string> = {}): Promise<VerificationReport> => verifyLog({ databaseUrl, keys, serviceDatabases, patienceMs: 300 });
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

  it('a row inserted as if it had been recorded, by what services say they recorded', async () => {
    const url = await copy();
    const services = await copy();
    await sql(services, `CREATE TABLE IF NOT EXISTS outbox_tally (topic text PRIMARY KEY, carried bigint NOT NULL)`);
    await sql(services, `INSERT INTO outbox_tally VALUES ('audit.access.v1', 604) ON CONFLICT (topic) DO UPDATE SET carried = excluded.carried`);
    expect((await verify(url, { audit: services })).findings).toEqual([{ kind: 'never-emitted', times: 1, at: ['audit'] }]);
  });

  it('an access that a service recorded and that never arrived', async () => {
    const url = await copy();
    const services = await copy();
    await sql(services, `CREATE TABLE IF NOT EXISTS outbox_tally (topic text PRIMARY KEY, carried bigint NOT NULL)`);
    await sql(services, `INSERT INTO outbox_tally VALUES ('audit.access.v1', 608) ON CONFLICT (topic) DO UPDATE SET carried = excluded.carried`);
    const report = await verify(url, { audit: services });
    expect(report.findings).toEqual([{ kind: 'emitted-missing', times: 3, at: ['audit'] }]);
    expect(report.counted).toEqual(['audit']);
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
    const report = await verifyLog({ databaseUrl: await copy(), keys: { origin: keys.origin, verifiers: [stranger.verifier], witnesses: [] }, serviceDatabases: {} });
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
