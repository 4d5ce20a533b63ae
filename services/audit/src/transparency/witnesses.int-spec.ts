import { openNote } from '@carespine/transparency-log';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { AWitness } from './fixtures/a-witness';
import { asSuperuser, recordAccesses, scalar } from './fixtures/accesses';
import { LogReader } from './log-reader';
import { Publishing } from './publishing';
import { Witnesses } from './witnesses';

describe('witnesses', () => {
  let witness: AWitness;
  let service: RunningService;
  beforeEach(async () => {
    witness = new AWitness();
    await witness.start();
    service = await startService(audit, { LOG_INTERVAL_MS: '20', LOG_LEVEL: 'silent', WITNESSES: witness.setting });
  });
  afterEach(async () => {
    await service.stop();
    witness.stop();
  });

  const cosigned = (): Promise<string> =>
    eventually(async () => {
      const note = await (await fetch(`${service.url}/audit/log/checkpoint`)).text();
      expect(openNote(note, [witness.signer.verifier]).signedBy).toHaveLength(1);
      return note;
    });
  const sizeOf = (note: string): number => Number(note.split('\n')[1]);
  const published = (): Promise<number> => scalar(service, 'SELECT max(tree_size) FROM checkpoints');

  it('cosign what is published, and are published with it', async () => {
    await recordAccesses(service, ['9000000009', '9000000017']);
    await cosigned();
    await recordAccesses(service, ['9000000009']);
    await eventually(async () => expect(sizeOf(await cosigned())).toBe(3));
    expect(witness.seen.size).toBe(3);
  });

  it('a witness that is away: publishing goes on without it, and it is asked again', async () => {
    await recordAccesses(service, ['9000000009']);
    await cosigned();
    witness.isThere = false;
    await recordAccesses(service, ['9000000009', '9000000009']);
    await eventually(async () => expect(await published()).toBe(3));
    await eventually(async () => expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/^log_witness_silent_seconds\{[^}]*witness="a"[^}]*\} 0\.\d+|^log_witness_silent_seconds\{[^}]*witness="a"[^}]*\} [1-9]/m));
    witness.isThere = true;
    await eventually(async () => expect(sizeOf(await cosigned())).toBe(3));
  });

  it('a witness that stays away for ten minutes: the operator is told, once', async () => {
    const alerted = async (): Promise<string[]> => (await (await fetch(`${service.url}/metrics`)).text()).split('\n').filter((line) => line.startsWith('log_witness_alerts_total{'));
    const silent = async (): Promise<void> => expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/^log_witness_silent_seconds\{[^}]*\} (?!0\s)/m);
    await recordAccesses(service, ['9000000009']);
    await cosigned();
    const before = await alerted();
    witness.isThere = false;
    await recordAccesses(service, ['9000000009']);
    await eventually(silent);
    expect(await alerted()).toEqual(before);
    const { Date: clock } = globalThis;
    jest.useFakeTimers({ now: clock.now() + 11 * 60_000, doNotFake: ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'nextTick', 'queueMicrotask', 'performance', 'hrtime'] });
    try {
      await eventually(async () => expect(await alerted()).not.toEqual(before));
      const once = await alerted();
      await recordAccesses(service, ['9000000009', '9000000009', '9000000009']);
      expect(await alerted()).toEqual(once);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([
    ['another log of that size', { size: 1, root: Buffer.alloc(32, 1) }],
    ['a larger log: ours was rolled back', { size: 1000, root: Buffer.alloc(32, 1) }],
  ])('a witness that has seen %s stops publishing', async (_, seen) => {
    witness.seen = seen;
    await recordAccesses(service, ['9000000009', '9000000017']);
    await eventually(async () => expect(await scalar(service, 'SELECT count(*) FROM log_freeze WHERE thawed_at IS NULL')).toBe(1));
    const size = await published();
    await recordAccesses(service, ['9000000009']);
    expect(await published()).toBe(size);
    expect((await fetch(`${service.url}/audit/log/checkpoint`)).status).toBe(200);
  });

  it('a log that is smaller than what a witness has cosigned is a contradiction, and no silence of the witness', async () => {
    await recordAccesses(service, ['9000000009', '9000000017']);
    await eventually(async () => expect(sizeOf(await cosigned())).toBe(2));
    await service.app.get(Publishing).onModuleDestroy(); // what signs would see it first
    await asSuperuser(service, `SET session_replication_role = replica; DELETE FROM cosignatures; DELETE FROM checkpoints WHERE tree_size = 2`);
    const newest = await service.app.get(LogReader).checkpoint();
    await service.app.get(Witnesses).ask(newest ?? { number: 0, size: 0, root: Buffer.alloc(32), note: '' });
    const [freeze] = await asSuperuser<{ reason: string }>(service, 'SELECT reason FROM log_freeze');
    expect(freeze?.reason).toMatch(/^witness a has seen a larger log/);
  });
});
