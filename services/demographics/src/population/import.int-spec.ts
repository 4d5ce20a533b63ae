import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nhsNumberFrom } from '@carespine/fhir';
import { aDatabase } from '@carespine/test-kit';
import { importPatients } from './import';
import { aRegister } from './register.fixture';

const TODAY = '2026-11-24';
const label = (code: string) => [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }];

/** The n-th NHS number of the 999 range that has a check digit. */
function numberOf(n: number): string {
  for (let nine = 999_000_000; ; nine++) {
    const number = nhsNumberFrom(String(nine));
    if (number && n-- === 0) return number;
  }
}

const aPatient = (id: string, rest: object = {}, versionId = '1', code = 'U') => ({
  resourceType: 'Patient',
  id,
  meta: { versionId, security: label(code) },
  name: [{ id: 'N1', use: 'usual', family: 'Smith', given: ['Jane'] }],
  birthDate: '1980-02-29',
  ...rest,
});

describe('importing patients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  const file = join(folder, 'people.ndjson');
  const [A, B, C, D] = [0, 1, 2, 3].map(numberOf) as [string, string, string, string];
  let register: Awaited<ReturnType<typeof aRegister>>;

  beforeEach(async () => {
    register = await aRegister(await aDatabase('population'));
    rmSync(`${file}.refused.ndjson`, { force: true });
  });
  afterEach(() => register.close());
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (...lines: (object | string)[]) => writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  const run = (publish = register.publish) => importPatients(register.pool, { file, today: TODAY, publish });
  const refusals = () =>
    readFileSync(`${file}.refused.ndjson`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number; reason: string; expression?: string; content?: string });

  it('takes patients under their own numbers and versions', async () => {
    write(aPatient(A, {}, '12'), '', aPatient(B, { link: [{ type: 'replaced-by', other: { reference: `Patient/${A}` } }] }), aPatient(C, {}, '1', 'REDACTED'), aPatient(D, {}, '1', 'R'));
    expect(await run()).toEqual({ lines: 5, loaded: 4, replaced: 0, alreadyLoaded: 0, refused: 0 });
    expect(await register.row(A)).toMatchObject({ version: 12, status: 'active' });
    expect(await register.row(B)).toMatchObject({ status: 'superseded', superseded_by: A });
    expect(await register.row(C)).toMatchObject({ status: 'invalidated' });
    expect(await register.row(D)).toMatchObject({ status: 'active', confidentiality: 'R' });
    expect(existsSync(`${file}.refused.ndjson`)).toBe(false);
    expect(register.published.map(({ id }) => id).sort()).toEqual([B, C, D].sort());
    expect(register.republished.size).toBe(0);
  });

  it('notes what it refuses by line, reason and content, for its owner alone to read', async () => {
    write('{', aPatient(A), aPatient(A), aPatient('9990000019'), aPatient(B, {}, 'x'));
    expect(await run()).toMatchObject({ loaded: 1, refused: 4 });
    expect(refusals()).toEqual([
      { line: 1, reason: 'is not JSON', content: '{' },
      { line: 3, reason: 'stands on line 2 already', expression: 'Patient.id', content: JSON.stringify(aPatient(A)) },
      { line: 4, reason: 'is not a valid NHS number', expression: 'Patient.id', content: JSON.stringify(aPatient('9990000019')) },
      { line: 5, reason: 'must be a whole number from 1, in digits', expression: 'Patient.meta.versionId', content: JSON.stringify(aPatient(B, {}, 'x')) },
    ]);
    expect(statSync(`${file}.refused.ndjson`).mode & 0o077).toBe(0);
  });

  it('refuses what is not UTF-8 and lines that are too long, and reads on', async () => {
    const [before, after] = [Buffer.from(`\uFEFF${JSON.stringify(aPatient(A))}\r\n`), Buffer.from(`\n${JSON.stringify(aPatient(B))}\r\n`)];
    writeFileSync(file, Buffer.concat([before, Buffer.from([0x22, 0xff, 0x22, 0x0a]), Buffer.alloc(300_000, 'x'), after]));
    expect(await run()).toMatchObject({ lines: 4, loaded: 2, refused: 2 });
    expect(refusals().map(({ line, reason }) => [line, reason])).toEqual([[2, 'is not UTF-8'], [3, 'is longer than 256 KiB']]);
  });

  it('replaces a lower version, leaves the same alone, and refuses to go back', async () => {
    write(aPatient(A, { name: [{ id: 'N1', use: 'usual', family: 'Jones' }] }, '2'), aPatient(B, {}, '2'), aPatient(C, {}, '2', 'R'));
    await run();
    register.published.length = 0;
    write(aPatient(A, {}, '3'), aPatient(B, {}, '2'), aPatient(B, {}, '1'), aPatient(C, {}, '3', 'U'));
    expect(await run()).toEqual({ lines: 4, loaded: 0, replaced: 2, alreadyLoaded: 1, refused: 1 });
    write(aPatient(B, {}, '1'));
    expect(await run()).toMatchObject({ refused: 1 });
    expect(refusals()[0]).toMatchObject({ reason: 'is lower than the version that is present' });
    expect(await register.row(A)).toMatchObject({ version: 3 });
    const names = await register.pool.query('SELECT family, previous FROM patient_names WHERE nhs_number = $1 ORDER BY 1', [A]);
    expect(names.rows).toEqual([{ family: 'jones', previous: true }, { family: 'smith', previous: false }]);
    const versions = await register.pool.query('SELECT nhs_number, version FROM patient_versions ORDER BY 1');
    expect(versions.rows).toEqual([{ nhs_number: A, version: 2 }, { nhs_number: C, version: 2 }]);
    expect(register.published.map(({ id }) => id)).toEqual([C]);
    expect([...register.republished]).toEqual([C]);
  });

  it('refuses a circle of records that replace each other, within the file and with what is there', async () => {
    const by = (other: string) => ({ link: [{ type: 'replaced-by', other: { identifier: { value: other } } }] });
    write(aPatient(A, by(B)), aPatient(B, by(A)), aPatient(C, by(D)));
    expect(await run()).toMatchObject({ loaded: 2, refused: 1 });
    write(aPatient(D, by(C)));
    expect(await run()).toMatchObject({ loaded: 0, refused: 1 });
    expect(refusals()[0]).toMatchObject({ expression: 'Patient.link' });
  });

  it('goes on where an interrupted import stopped, refusing each line once', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) => (n % 1000 === 999 ? '{' : aPatient(numberOf(n))));
    lines[4500] = aPatient(numberOf(3));
    write(...lines);
    let batches = 0;
    const interrupted = importPatients(register.pool, {
      file,
      today: TODAY,
      publish: register.publish,
      report: () => {
        if (++batches === 2) throw new Error('the power went');
      },
    });
    await expect(interrupted).rejects.toThrow('the power went');
    writeFileSync(`${file}.refused.ndjson`, 'what was written after the last transaction', { flag: 'a' });
    expect(await run()).toEqual({ lines: 5000, loaded: 4994, replaced: 0, alreadyLoaded: 0, refused: 6 });
    expect(refusals().map(({ line }) => line)).toEqual([1000, 2000, 3000, 4000, 4501, 5000]);
    expect(refusals()[4]).toMatchObject({ reason: 'stands on line 4 already' });
    expect(await register.count('import_numbers')).toBe(0);
  });

  it('reads a finished file again from its start', async () => {
    write(aPatient(A), '{');
    await run();
    expect(await run()).toEqual({ lines: 2, loaded: 0, replaced: 0, alreadyLoaded: 1, refused: 1 });
  });

  it('is undone as a batch when its events cannot be kept', async () => {
    write(aPatient(A, {}, '1', 'V'));
    await expect(run(() => Promise.reject(new Error('no outbox')))).rejects.toThrow('no outbox');
    expect(await register.count('patients')).toBe(0);
  });
});
