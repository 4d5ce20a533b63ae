import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService, type RunningService } from '@carespine/test-kit';
import { audit } from '../service';
import { asSuperuser, recordAccesses } from '../transparency/fixtures/accesses';
import { LogKeys } from '../transparency/log-keys';
import { TransparencyLog } from '../transparency/transparency-log.service';
import { checkProof } from './check-proof';

interface Answer {
  format: string;
  accesses: { proof: { leafIndex: number; leafHash: string; inclusion: string[]; checkpoint: number } }[];
  numberOfAccesses: number;
  proof: { checkpoints: string[]; chains: { completeness: object; leaves: object[] }[] };
}

describe('whoever has the answer to her request and the log’s key can check it', () => {
  let service: RunningService;
  let folder: string;
  let answer: Answer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proof-'));
    service = await startService(audit, { LOG_INTERVAL_MS: '20' });
    await recordAccesses(service, ['9000000009', '9000000017', '9000000009', '9000000009']);
    const leaves = await asSuperuser<{ id: string; leafIndex: string; leafHash: string; previousLeaf: string }>(
      service,
      `SELECT event_id AS id, leaf_index AS "leafIndex", encode(leaf_hash, 'base64') AS "leafHash", encode(previous_leaf, 'base64') AS "previousLeaf"
        FROM access_events WHERE nhs_number = '9000000009' ORDER BY leaf_index`,
    );
    const log = service.app.get(TransparencyLog);
    const completeness = await log.completenessOf('9000000009');
    const { checkpoint, proofs } = await log.inclusionOf(leaves.slice(1).map(({ id }) => id));
    answer = {
      format: 'carespine-subject-access/1',
      accesses: proofs.map(({ leafIndex, leafHash, inclusion }) => ({ proof: { leafIndex, leafHash, inclusion, checkpoint: 0 } })),
      numberOfAccesses: 2,
      proof: { checkpoints: [checkpoint], chains: [{ completeness: completeness as object, leaves: leaves.map(({ id: _, leafIndex, ...leaf }) => ({ ...leaf, leafIndex: Number(leafIndex) })) }] },
    };
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await service.stop();
  });

  const check = (file: object): { code: number; said: string } => {
    const path = join(folder, 'answer.json');
    writeFileSync(path, JSON.stringify(file));
    const lines: string[] = [];
    const code = checkProof(path, service.app.get(LogKeys).verifiers.map(({ vkey }) => vkey), (line) => lines.push(line));
    return { code, said: lines.join('\n') };
  };

  it('an answer that leaves nothing out', () => {
    expect(check(answer)).toEqual({ code: 0, said: expect.stringMatching(/^The proof holds: of 3 accesses that the log holds of this person, 2 are listed/) as string });
  });

  it.each<[string, (answer: Answer) => unknown]>([
    ['an access that is not listed', ({ accesses }) => accesses.pop()],
    ['an access listed twice', ({ accesses }) => accesses.splice(0, 1, accesses[1] as Answer['accesses'][0])],
    ['an access that the log does not hold', ({ accesses }) => accesses[0] && (accesses[0].proof.leafHash = Buffer.alloc(32).toString('base64'))],
    ['one that is missing from the person’s', ({ proof }) => proof.chains[0]?.leaves.shift()],
    ['a person’s accesses that are not given at all', ({ proof }) => proof.chains.pop()],
    ['no checkpoint', ({ proof }) => proof.checkpoints.pop()],
  ])('%s: the proof does not hold', (_, change) => {
    const changed = structuredClone(answer);
    change(changed);
    expect(check(changed)).toEqual({ code: 1, said: expect.stringMatching(/^The proof does NOT hold: /) as string });
  });

  it('what is none of this: the proof does not hold', () => {
    for (const file of [{ format: 'carespine-subject-access/1' }, { ...answer, format: 'x' }, {}]) expect(check(file).code).toBe(1);
  });
});
