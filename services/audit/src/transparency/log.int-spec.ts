import type { Bundle } from '@carespine/fhir';
import {
  completenessFault,
  fromBase64,
  leafHash,
  NoteVerifier,
  openCheckpoint,
  tilePath,
  verifyConsistency,
  verifyInclusion,
  type Checkpoint,
} from '@carespine/transparency-log';
import { contextOf, eventually, startService, type RunningService } from '@carespine/test-kit';
import type { AuditEvent } from '../accesses/audit-event';
import { audit } from '../service';
import { asSuperuser, NURSE, OFFICER, recordAccesses, scalar } from './fixtures/accesses';
import { leafHashOf } from './leaf';
import { TransparencyLog } from './transparency-log.service';

const hashesOf = (texts: string[]): Buffer[] => texts.map((text) => fromBase64(text) as Buffer);

describe('the provable log', () => {
  let service: RunningService;
  let keys: NoteVerifier[];
  beforeAll(async () => {
    service = await startService(audit, { LOG_INTERVAL_MS: '20' });
    const published = (await (await fetch(`${service.url}/audit/log/keys`)).json()) as { keys: string[] };
    keys = published.keys.map((vkey) => NoteVerifier.parse(vkey));
  });
  afterAll(() => service.stop());

  const get = (path: string): Promise<Response> => fetch(`${service.url}/audit/log/${path}`);
  const checkpoint = async (): Promise<Checkpoint> => openCheckpoint(await (await get('checkpoint')).text(), keys);
  const grownTo = (size: number): Promise<Checkpoint> =>
    eventually(async () => {
      const newest = await checkpoint();
      expect(newest.size).toBeGreaterThanOrEqual(size);
      return newest;
    });

  it('signs, once an interval, what was placed, and answers tiles, entries and proofs that fit', async () => {
    await recordAccesses(service, Array.from({ length: 300 }, (_, i) => (i % 2 ? '9000000009' : '9000000017')));
    const { size, root } = await grownTo(300);
    const bundle = Buffer.from(await (await get(tilePath('entries', 0))).arrayBuffer());
    expect(bundle).toHaveLength(256 * 34);
    const entry = bundle.subarray(255 * 34 + 2);
    const tile = Buffer.from(await (await get(tilePath(0, 0))).arrayBuffer());
    expect(leafHash(entry)).toEqual(tile.subarray(255 * 32));

    const answer = (await (await get(`proof/inclusion?index=255&size=${size}`)).json()) as { proof: string[]; leafHash: string };
    expect(answer.leafHash).toBe(leafHash(entry).toString('base64'));
    expect(verifyInclusion({ index: 255, size, root, leafHash: leafHash(entry), proof: hashesOf(answer.proof) })).toBe(true);

    await recordAccesses(service, ['9000000009']);
    const later = await grownTo(size + 1);
    const { proof } = (await (await get(`proof/consistency?from=${size}&to=${later.size}`)).json()) as { proof: string[] };
    expect(verifyConsistency({ from: size, fromRoot: root, to: later.size, toRoot: later.root, proof: hashesOf(proof) })).toBe(true);
  });

  it('keeps full tiles for ever and answers partial ones', async () => {
    const { size } = await grownTo(300);
    const full = await get(tilePath(0, 0));
    expect([full.status, full.headers.get('content-type'), full.headers.get('cache-control')]).toEqual([200, 'application/octet-stream', 'public, max-age=31536000, immutable']);
    expect((await (await get(tilePath(0, 1, size - 256))).arrayBuffer()).byteLength).toBe((size - 256) * 32);
    expect((await (await get(tilePath(0, 0, 3))).arrayBuffer()).byteLength).toBe(96);
    expect((await (await get(tilePath(1, 0, 1))).arrayBuffer()).byteLength).toBe(32);
  });

  it.each(['tile/0/001', 'tile/0/002', 'tile/0/001.p/255', 'tile/1/000', 'tile/3/000.p/1', 'tile/0/000.p/0', 'tile/0/x', 'tile/0/000.p/256', 'tile/entries/001', 'tile/', 'tile/0/%2e%2e/000', 'nothing'])(
    '%p is not there: 404',
    async (path) => expect((await get(path)).status).toBe(404),
  );

  it.each([
    'proof/inclusion',
    'proof/inclusion?index=-1',
    'proof/inclusion?index=01',
    'proof/inclusion?index=5&size=5',
    'proof/inclusion?index=0&size=999999999',
    'proof/inclusion?index=0&size=0',
    'proof/inclusion?index=0&index=1',
    'proof/inclusion?index=0&x=1',
    'proof/inclusion?index=1e1',
    'proof/inclusion?index=99999999999999999999',
    'proof/consistency',
    'proof/consistency?from=9&to=3',
    'proof/consistency?from=a',
  ])('%p is refused: 400', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  it('publishes its keys at a well-known path as well', async () => {
    expect(await (await fetch(`${service.url}/.well-known/audit-log-keys`)).json()).toEqual(await (await get('keys')).json());
  });

  it('proves to the privacy officer the access that she sees', async () => {
    await recordAccesses(service, ['9000000033']);
    const headers = await contextOf(OFFICER);
    const event = await eventually(async () => {
      const found = (await (await fetch(`${service.url}/audit/FHIR/R4/AuditEvent?patient=9000000033`, { headers })).json()) as Bundle<AuditEvent>;
      const read = found.entry?.find(({ resource }) => resource.action === 'R')?.resource;
      expect(read?.extension[0]?.extension[1]).toEqual({ url: 'status', valueCode: 'provable' });
      return read as AuditEvent;
    });
    const answer = await fetch(`${service.url}/audit/v1/accesses/${event.id}/proof`, { headers: await contextOf(OFFICER) });
    expect(answer.status).toBe(200);
    const proof = (await answer.json()) as { leafIndex: number; leafHash: string; salt: string; previousLeaf: string; checkpoint: string; inclusion: string[] };
    expect(event.extension[0]?.extension[0]).toEqual({ url: 'index', valueDecimal: proof.leafIndex });
    const { size, root } = openCheckpoint(proof.checkpoint, keys);
    const [row] = await asSuperuser<{ payload: Buffer }>(service, 'SELECT payload FROM access_events WHERE event_id = $1', [event.id]);
    const remade = leafHashOf({ salt: Buffer.from(proof.salt, 'base64'), eventId: event.id, previousLeaf: Buffer.from(proof.previousLeaf, 'base64'), payload: row?.payload as Buffer });
    expect(remade.toString('base64')).toBe(proof.leafHash);
    expect(verifyInclusion({ index: proof.leafIndex, size, root, leafHash: remade, proof: hashesOf(proof.inclusion) })).toBe(true);
  });

  it('proves nothing to others', async () => {
    const id = '018f0000-0000-7000-8000-000000000000';
    const ask = async (who: typeof NURSE, path: string): Promise<number> => (await fetch(`${service.url}/audit/v1/accesses/${path}/proof`, { headers: await contextOf(who) })).status;
    expect(await ask(NURSE, id)).toBe(403);
    expect(await ask(OFFICER, id)).toBe(404);
    expect(await ask(OFFICER, 'x')).toBe(404);
    expect((await fetch(`${service.url}/audit/v1/accesses/${id}/proof`)).status).toBe(401);
  });

  it('proves what is not yet provable by making it so', async () => {
    await recordAccesses(service, ['9000000041']);
    const [row] = await asSuperuser<{ event_id: string }>(service, `SELECT event_id FROM access_events WHERE nhs_number = '9000000041' LIMIT 1`);
    const { proofs, checkpoint: note } = await service.app.get(TransparencyLog).inclusionOf([row?.event_id as string, '018f0000-0000-7000-8000-000000000000']);
    expect(proofs).toHaveLength(1);
    const { size, root } = openCheckpoint(note, keys);
    expect(verifyInclusion({ index: proofs[0]?.leafIndex ?? -1, size, root, leafHash: Buffer.from(proofs[0]?.leafHash ?? '', 'base64'), proof: hashesOf(proofs[0]?.inclusion ?? []) })).toBe(true);
  });

  it('proves how many accesses a patient had, by a summary of every patient in a leaf of its own', async () => {
    const log = service.app.get(TransparencyLog);
    await recordAccesses(service, ['9000000050', '9000000050', '9000000050']);
    const proof = await log.completenessOf('9000000050');
    expect(proof?.accesses).toBe(3);
    expect(proof && completenessFault(proof, keys)).toBeUndefined();
    expect(await log.completenessOf('9000000068')).toBeUndefined();

    await recordAccesses(service, ['9000000050']);
    expect((await log.completenessOf('9000000050'))?.accesses).toBe(3);
    await log.summarise();
    const later = await log.completenessOf('9000000050');
    expect(later?.accesses).toBe(4);
    expect(later && completenessFault(later, keys)).toBeUndefined();
    if (!proof || !later) throw new Error('no proof');
    expect(completenessFault({ ...later, accesses: 3 }, keys)).toBe('the summary does not hold the patient so');
    expect(completenessFault({ ...later, summaryRoot: proof.summaryRoot }, keys)).toBe('the statement is of another summary');
    expect(completenessFault({ ...later, summaryStatement: later.summaryStatement.replace('summary"', 'summary" ') }, keys)).toBe('the log does not hold the summary');
  });

  it('refuses changes, by anybody, to what it has published', async () => {
    for (const sql of ['UPDATE checkpoints SET tree_size = 1', 'DELETE FROM checkpoints', `UPDATE log_tiles SET hashes = substr(hashes, 1, 32)`, 'DELETE FROM log_tiles', 'DELETE FROM log_statements', 'UPDATE access_events SET payload = payload', 'DELETE FROM access_events']) {
      await expect(asSuperuser(service, sql)).rejects.toThrow(/append-only/);
    }
  });

  it('signs one checkpoint an interval, not one an access', async () => {
    const before = await scalar(service, 'SELECT max(number) FROM checkpoints');
    await recordAccesses(service, Array<string>(200).fill('9000000009'));
    await grownTo(await scalar(service, 'SELECT next_index FROM log_tail'));
    expect((await scalar(service, 'SELECT max(number) FROM checkpoints')) - before).toBeLessThan(100);
  });

  it('holds nothing of anybody', async () => {
    const [row] = await asSuperuser<{ all: string }>(service, `SELECT string_agg(statement, ' ') AS all FROM log_statements`);
    expect(row?.all).not.toMatch(/\d{10}[^\d.]/);
  });
});

describe('a log that contradicts itself', () => {
  let service: RunningService;
  beforeEach(async () => {
    service = await startService(audit, { LOG_INTERVAL_MS: '20', LOG_LEVEL: 'silent' });
    for (let size = 1; size <= 2; size++) {
      await recordAccesses(service, ['9000000009']);
      await eventually(async () => expect(await scalar(service, 'SELECT max(tree_size) FROM checkpoints')).toBe(size));
    }
  });
  afterEach(() => service.stop());

  it.each([
    ['tiles that are not those of the signed root', `UPDATE log_tiles SET hashes = decode(repeat('ab', 64), 'hex')`],
    ['a root beside the note that was signed, with tiles to fit', `UPDATE log_tiles SET hashes = decode(repeat('ab', 64), 'hex'); UPDATE checkpoints SET root_hash = sha256(decode('01' || repeat('ab', 64), 'hex')) WHERE tree_size = 2`],
    ['a checkpoint that was rolled back, with tiles to fit', 'DELETE FROM checkpoints WHERE tree_size = 2; UPDATE log_tiles SET hashes = substr(hashes, 1, 32)'],
    ['a checkpoint that is larger than what was signed', 'UPDATE checkpoints SET tree_size = 3 WHERE tree_size = 2'],
    ['leaves that are missing, more of them than one step takes', 'UPDATE log_tail SET next_index = 100000'],
  ])('%s: it is frozen, and stays readable', async (_, tampering) => {
    await asSuperuser(service, `SET session_replication_role = replica; ${tampering}`);
    await recordAccesses(service, ['9000000009']);
    await eventually(async () => expect(await scalar(service, 'SELECT count(*) FROM log_freeze')).toBe(1));
    const newest = await scalar(service, 'SELECT max(tree_size) FROM checkpoints');
    expect((await fetch(`${service.url}/audit/log/checkpoint`)).status).toBe(200);
    await expect(service.app.get(TransparencyLog).summarise()).rejects.toThrow(/frozen/);
    expect(await scalar(service, 'SELECT max(tree_size) FROM checkpoints')).toBe(newest);
  });
});

describe('rotation of the signing key', () => {
  it('lets both keys sign, so that who knows either can follow', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const jwks = [1, 2].map(() => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
    const service = await startService(audit, { LOG_INTERVAL_MS: '20', LOG_SIGNING_KEY: JSON.stringify(jwks) });
    try {
      await recordAccesses(service, ['9000000009']);
      const note = await eventually(async () => {
        const answer = await fetch(`${service.url}/audit/log/checkpoint`);
        expect(answer.status).toBe(200);
        return answer.text();
      });
      const { keys } = (await (await fetch(`${service.url}/audit/log/keys`)).json()) as { keys: string[] };
      expect(keys).toHaveLength(2);
      for (const vkey of keys) expect(openCheckpoint(note, [NoteVerifier.parse(vkey)]).origin).toBe('example.test/audit/log');
    } finally {
      await service.stop();
    }
  });
});
