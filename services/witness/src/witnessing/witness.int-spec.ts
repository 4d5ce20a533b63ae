import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkpointText,
  CompactRange,
  formatAddCheckpoint,
  leafHash,
  NoteSigner,
  openNote,
  parseCosignatures,
  proveConsistency,
  signNote,
  type AddCheckpoint,
  type ReadNodes,
} from '@carespine/transparency-log';
import { startService, type RunningService } from '@carespine/test-kit';
import { witness } from '../service';

const newKey = (): JsonWebKey => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
const ORIGIN = 'example.org/audit/log';

/** A log in memory. */
class SomeLog {
  readonly signer = NoteSigner.ofLog(ORIGIN, newKey());
  private readonly nodes = new Map<string, Buffer>();
  private readonly range = new CompactRange();
  private readonly roots: Buffer[] = [this.range.root];

  constructor(leaves: number, what = 'leaf') {
    for (let i = 0; i < leaves; i++) {
      this.range.append(leafHash(Buffer.from(`${what} ${i}`)), ({ level, index }, hash) => this.nodes.set(`${level}/${index}`, hash));
      this.roots.push(this.range.root);
    }
  }

  private readonly read: ReadNodes = (nodes) => Promise.resolve(nodes.map(({ level, index }) => this.nodes.get(`${level}/${index}`) as Buffer));

  checkpoint(size: number, signers = [this.signer], extensions: string[] = []): string {
    return signNote(checkpointText({ origin: ORIGIN, size, root: this.roots[size] as Buffer, extensions }), signers);
  }

  async request(old: number, size: number): Promise<AddCheckpoint> {
    return { old, proof: await proveConsistency(old, size, this.read), checkpoint: this.checkpoint(size) };
  }
}

describe('C2SP tlog-witness', () => {
  const log = new SomeLog(300);
  const key = newKey();
  let folder: string;
  let service: RunningService;
  const start = (): Promise<RunningService> =>
    startService(witness, {
      WITNESS_NAME: 'witness.example',
      WITNESS_KEY: JSON.stringify(key),
      LOGS: JSON.stringify([{ origin: ORIGIN, keys: [log.signer.verifier.vkey] }]),
      STATE_FOLDER: folder,
    });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'witness-'));
    service = await start();
  });
  afterEach(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  const post = (body: string, headers: Record<string, string> = { 'content-type': 'text/plain' }): Promise<Response> =>
    fetch(`${service.url}/add-checkpoint`, { method: 'POST', body, headers });
  const add = async (request: AddCheckpoint): Promise<Response> => post(formatAddCheckpoint(request));
  const sizeSeen = async (): Promise<number | undefined> => ((await (await fetch(service.url)).json()) as { logs: { size: number }[] }).logs[0]?.size;

  it('200: cosigns what continues the log, from nothing on', async () => {
    const signer = NoteSigner.ofWitness('witness.example', key);
    for (const [old, size] of [
      [0, 1],
      [1, 1],
      [1, 7],
      [7, 256],
      [256, 300],
    ] as const) {
      const answer = await add(await log.request(old, size));
      expect(answer.status).toBe(200);
      const [line] = parseCosignatures(await answer.text());
      const text = log.checkpoint(size).split('\n\n')[0] as string;
      expect(openNote(`${text}\n\n${line}`, [signer.verifier]).signedBy).toHaveLength(1);
    }
    expect(await sizeSeen()).toBe(300);
  });

  it('200: whatever media type it comes as, and cosigns extension lines with the rest', async () => {
    const checkpoint = log.checkpoint(5, [log.signer], ['more']);
    const answer = await post(formatAddCheckpoint({ old: 0, proof: [], checkpoint }), { 'content-type': 'application/octet-stream' });
    expect(answer.status).toBe(200);
    expect(openNote(`${checkpoint.split('\n\n')[0]}\n\n${await answer.text()}`, [NoteSigner.ofWitness('witness.example', key).verifier]).text).toContain('\nmore\n');
  });

  it.each(['', 'old 0', 'old -1\n\nx', 'old 0\n\n', '{}', `old 0\n\n${new SomeLog(1).checkpoint(1).replace('\n1\n', '\n01\n')}`, `old 0\n\n${new SomeLog(1).checkpoint(1).slice(0, -1)}`])(
    '400: malformed %#',
    async (body) => expect((await post(body)).status).toBe(400),
  );

  it('400: JSON is not what is asked for', async () => expect((await post('{}', { 'content-type': 'application/json' })).status).toBe(400));

  it('400: the old size is beyond the checkpoint', async () => {
    expect((await add({ old: 9, proof: [], checkpoint: log.checkpoint(8) })).status).toBe(400);
  });

  it('403: no signature of a trusted key, or one that fails', async () => {
    const stranger = new SomeLog(10);
    expect((await add(await stranger.request(0, 5))).status).toBe(403);
    expect((await add({ old: 0, proof: [], checkpoint: log.checkpoint(5).replace('\n5\n', '\n6\n') })).status).toBe(403);
    expect((await add({ old: 0, proof: [], checkpoint: log.checkpoint(5, [stranger.signer]) })).status).toBe(403);
  });

  it('404: a log that it does not witness', async () => {
    const checkpoint = signNote(checkpointText({ origin: 'example.org/other', size: 0, root: new CompactRange().root }), [log.signer]);
    expect((await add({ old: 0, proof: [], checkpoint })).status).toBe(404);
  });

  it('409: a stale old size is told the latest', async () => {
    expect((await add(await log.request(0, 10))).status).toBe(200);
    for (const request of [await log.request(0, 20), await log.request(5, 20), await log.request(11, 20), { old: 0, proof: [], checkpoint: log.checkpoint(5) }]) {
      const answer = await add(request);
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([409, 'text/x.tlog.size', '10\n']);
    }
  });

  it('422: a proof that fails, or is missing, or says too much', async () => {
    expect((await add(await log.request(0, 10))).status).toBe(200);
    const good = await log.request(10, 20);
    for (const proof of [[], good.proof.slice(1), [...good.proof, good.proof[0] as Buffer], [...good.proof].reverse()]) expect((await add({ ...good, proof })).status).toBe(422);
    expect((await add(good)).status).toBe(200);
  });

  it('422: another root at the same size, and a fork', async () => {
    const fork = new SomeLog(30, 'other');
    expect((await add(await log.request(0, 10))).status).toBe(200);
    expect((await add({ old: 10, proof: [], checkpoint: fork.checkpoint(10, [log.signer]) })).status).toBe(422);
    const { proof } = await fork.request(10, 20);
    expect((await add({ old: 10, proof, checkpoint: fork.checkpoint(20, [log.signer]) })).status).toBe(422);
    expect(await sizeSeen()).toBe(10);
  });

  it('cosigns one of two forks that come together, never both', async () => {
    const fork = new SomeLog(30, 'other');
    const requests = Array.from({ length: 20 }, async (_, i) => add(i % 2 ? await log.request(0, 20) : { old: 0, proof: [], checkpoint: fork.checkpoint(20, [log.signer]) }));
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  it('remembers after a restart what it has cosigned', async () => {
    expect((await add(await log.request(0, 10))).status).toBe(200);
    await service.stop();
    service = await start();
    expect((await add(await log.request(0, 10))).status).toBe(409);
    expect((await add(await log.request(10, 300))).status).toBe(200);
  });

  it('does not start on a memory that is damaged', async () => {
    expect((await add(await log.request(0, 10))).status).toBe(200);
    await service.stop();
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.json')) as string);
    writeFileSync(file, '{"origin":"example.org/audit/log","size":10,"root":"AAAA"}');
    await expect(start()).rejects.toThrow('is damaged');
    rmSync(file);
    service = await start();
  });

  it('413: a request that is far too large', async () => expect((await post('x'.repeat(2_000_000))).status).toBe(413));
});
