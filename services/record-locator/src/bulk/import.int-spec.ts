import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '@carespine/service-kit';
import { Permissions } from '../permissions/permissions.service';
import { PointerRegister } from '../pointers/pointer-register.service';
import { aPointer, aSupplier } from '../pointers/fixtures/a-pointer';
import { Locator } from '../pointers/fixtures/locator';
import { exportPointers } from './export';
import { importPointers, type Import, type ImportSummary } from './import';

const folder = mkdtempSync(join(tmpdir(), 'pointers-'));
const file = join(folder, 'pointers.ndjson');
const errors = `${file}.refused.ndjson`;
let locator: Locator;
let database: Database;

beforeAll(async () => {
  locator = await Locator.start();
  database = locator.service.app.get(Database);
});
afterAll(async () => {
  await locator.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  rmSync(errors, { force: true });
  await database.pool.query('TRUNCATE pointers, pointer_changes');
});

const write = (...lines: (object | string)[]): void =>
  writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
async function run(report?: Import['report']): Promise<ImportSummary> {
  const who = aSupplier('supplier');
  const grant = await locator.service.app.get(Permissions).of(who, 'RZZ01', 'producer');
  if (!grant) throw new Error('no grant');
  return importPointers(database.pool, {
    file,
    errors,
    register: locator.service.app.get(PointerRegister),
    acting: { who, organisation: 'RZZ01', grant },
    report,
  });
}
const refusals = (): { line: number; reason: string; expression?: string; content?: string }[] =>
  readFileSync(errors, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; reason: string });
const ids = async (): Promise<string[]> =>
  (await database.pool.query<{ id: string }>('SELECT id FROM pointers ORDER BY id')).rows.map(({ id }) => id);

describe('Bulk import', () => {
  it('takes pointers under their own ids, or under ids made of their content', async () => {
    write(aPointer({ id: 'RZZ01-a', description: 'a "quoted\\" back\\slash\tand tab' }), '', aPointer({}));
    expect(await run()).toEqual({ lines: 3, loaded: 2, alreadyLoaded: 0, refused: 0 });
    expect(await ids()).toEqual([
      expect.stringMatching(/^RZZ01-[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/) as string,
      'RZZ01-a',
    ]);
    expect((await locator.consume('/RZZ01-a')).body.description).toBe('a "quoted\\" back\\slash\tand tab');
    expect(existsSync(errors)).toBe(false);
    expect(await run()).toEqual({ lines: 3, loaded: 0, alreadyLoaded: 2, refused: 0 });
  });

  it('refuses by the rules of the API, and notes line, reason and content for its owner alone', async () => {
    write(
      '{',
      aPointer({ custodian: 'RZZ02', nhsNumber: '1' }),
      aPointer({ type: '1363501000000100' }),
      aPointer({ id: 'RZZ02-a' }),
      aPointer({ extra: 1 }),
      aPointer({ id: 'RZZ01-b' }),
      aPointer({ id: 'RZZ01-b' }),
      aPointer({ id: 'RZZ01-b', description: 'x' }),
    );
    expect(await run()).toEqual({ lines: 8, loaded: 1, alreadyLoaded: 1, refused: 6 });
    expect(refusals().map(({ line, expression }) => [line, expression])).toEqual([
      [1, undefined], [2, 'custodian.identifier.value'], [3, 'type.coding[0].code'], [4, 'id'], [5, 'extra'], [8, 'id'],
    ]); // prettier-ignore
    expect(refusals()[1]?.reason).toMatch(/custodian.identifier.value: .*; subject.identifier.value: /);
    expect(refusals()[0]?.content).toBe('{');
    expect(statSync(errors).mode & 0o077).toBe(0);
  });

  it('supersedes', async () => {
    const replaces = (value: string) => [{ code: 'replaces', target: { identifier: { value } } }];
    write(
      aPointer({ id: 'RZZ01-a' }),
      aPointer({ id: 'RZZ01-b', relatesTo: replaces('RZZ01-a') }),
      aPointer({ id: 'RZZ01-c', relatesTo: replaces('RZZ01-nothing') }),
    );
    expect(await run()).toEqual({ lines: 3, loaded: 2, alreadyLoaded: 0, refused: 1 });
    expect(await ids()).toEqual(['RZZ01-b']);
    expect(refusals()[0]).toMatchObject({ line: 3, expression: 'relatesTo[0].target.identifier.value' });
  });

  it('brings back nothing that was superseded, when the file is read again', async () => {
    const replaces = [{ code: 'replaces', target: { identifier: { value: 'RZZ01-a' } } }];
    write(aPointer({ id: 'RZZ01-a' }), aPointer({ id: 'RZZ01-b', relatesTo: replaces }));
    await run();
    expect(await run()).toMatchObject({ refused: 0 });
    expect(await ids()).toEqual(['RZZ01-b']);
  });

  it('gives the id of a deleted pointer to no other patient', async () => {
    write(aPointer({ id: 'RZZ01-a' }));
    await run();
    await locator.produce('DELETE', '/RZZ01-a');
    write(aPointer({ id: 'RZZ01-a', nhsNumber: '9990000026' }));
    expect(await run()).toMatchObject({ loaded: 0, refused: 1 });
    expect(refusals()[0]).toMatchObject({ line: 1, expression: 'id' });
    write(aPointer({ id: 'RZZ01-a' }));
    expect(await run()).toMatchObject({ loaded: 1 });
  });

  it('notes of each what was stored and for whom, as the API does', async () => {
    write(aPointer({ id: 'RZZ01-a' }));
    await run();
    const { rows } = await database.pool.query('SELECT change, nhs_number, organisation, application, record FROM pointer_changes');
    const stored = JSON.stringify((await locator.produce('GET', '/RZZ01-a')).body);
    expect(rows).toEqual([{ change: 'created', nhs_number: '9990000018', organisation: 'RZZ01', application: 'supplier', record: stored }]);
  });

  it('refuses a line that nests without end, and reads on', async () => {
    const identifier = `${'{"assigner":{"identifier":'.repeat(8000)}{"value":"x"}${'}}'.repeat(8000)}`;
    write(JSON.stringify(aPointer({})).replace('{', `{"masterIdentifier":${identifier},`), aPointer({}));
    expect(await run()).toMatchObject({ loaded: 1, refused: 1 });
  });

  it('goes on where an interrupted import stopped, refusing each line once', async () => {
    write(...Array.from({ length: 9000 }, (_, n) => (n % 1000 === 999 ? '{' : aPointer({ id: `RZZ01-${n}` }))));
    let batches = 0;
    const interrupted = run(() => {
      if (++batches === 2) throw new Error('the power went');
    });
    await expect(interrupted).rejects.toThrow('the power went');
    writeFileSync(errors, 'what was written after the last transaction', { flag: 'a' });
    expect(await run()).toEqual({ lines: 9000, loaded: 8991, alreadyLoaded: 0, refused: 9 });
    expect(refusals().map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * 1000));
  });
});

describe('Export', () => {
  it('tells all pointers of an organisation, or those of patients who died', async () => {
    write(...Array.from({ length: 12 }, (_, n) => aPointer({ id: `RZZ01-${n}`, nhsNumber: n === 3 ? '9990000069' : '9990000018' })));
    await run();
    await locator.create({ custodian: 'RZZ02' });
    await database.pool.query(`INSERT INTO patient_facts (nhs_number, deceased) VALUES ('9990000069', now())`);
    const exported = async (onlyDeceased: boolean): Promise<string[]> => {
      const all: string[] = [];
      for await (const records of exportPointers(database.pool, 'RZZ01', onlyDeceased)) all.push(...records);
      return all;
    };
    expect(await exported(false)).toHaveLength(12);
    expect((await exported(true)).map((record) => (JSON.parse(record) as { id: string }).id)).toEqual(['RZZ01-3']);
    await database.pool.query(`INSERT INTO patient_facts (nhs_number, superseded_by, retained) VALUES ('9990000018', '9990000069', '9990000069')`);
    expect(await exported(true)).toHaveLength(12);
  });
});
