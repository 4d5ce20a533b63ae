import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { contracts, fromJson, toJson } from './index';

const root = join(__dirname, '../../..');
const bin = join(root, 'node_modules/.bin/buf');
const buf = (...args: string[]): Buffer => execFileSync(bin, args, { cwd: root });

const generated = join(root, 'libs/contracts/src/generated');
const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .sort();

describe('event contracts', () => {
  it('keep to the standard rules', () => expect(() => buf('lint')).not.toThrow());

  it('are what the generated code was made from', () => {
    const out = mkdtempSync(join(tmpdir(), 'carespine-contracts-'));
    try {
      buf('generate', '--output', out);
      const anew = join(out, 'libs/contracts/src/generated');
      const files = filesBelow(anew, '.ts');
      expect(files).not.toHaveLength(0);
      for (const file of files) expect(readFileSync(join(generated, file), 'utf8')).toBe(readFileSync(join(anew, file), 'utf8'));
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });

  it('are all known to whoever holds an event and not its contract', () => {
    const known = [...contracts].filter(({ kind }) => kind === 'message').map(({ typeName }) => typeName);
    const declared = filesBelow(generated, '.ts').flatMap((file) => [
      ...readFileSync(join(generated, file), 'utf8').matchAll(/@generated from message ([\w.]+)/g),
    ]);
    expect(known).toEqual(expect.arrayContaining(declared.map(([, name]) => name)));
  });
});

/** Those that are accepted on the main branch, where git knows it: a branch may have changed its own. */
function accepted(): string {
  const own = join(root, 'proto/accepted.binpb');
  for (const branch of ['origin/main', 'main']) {
    const { status, stdout } = spawnSync('git', ['show', `${branch}:proto/accepted.binpb`], { cwd: root, maxBuffer: 10_000_000 });
    if (status !== 0) continue;
    const file = join(mkdtempSync(join(tmpdir(), 'carespine-accepted-')), 'accepted.binpb');
    writeFileSync(file, stdout);
    return file;
  }
  return own;
}

describe('contracts that were accepted', () => {
  const before = accepted();
  afterAll(() => before.startsWith(root) || rmSync(dirname(before), { recursive: true, force: true }));

  /** What buf says of a changed copy of the contracts: nothing, when those who read the accepted ones can read these. */
  function breaks(change: (proto: string) => void): string {
    const copy = mkdtempSync(join(tmpdir(), 'carespine-contracts-'));
    try {
      cpSync(join(root, 'proto'), join(copy, 'proto'), { recursive: true });
      cpSync(join(root, 'buf.yaml'), join(copy, 'buf.yaml'));
      change(join(copy, 'proto/carespine'));
      return spawnSync(bin, ['breaking', '--against', before], { cwd: copy, encoding: 'utf8' }).stdout;
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
  const inPatientEvents = (from: string, to: string) => (proto: string) => {
    const file = join(proto, 'demographics/v1/patient_events.proto');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
  };

  it('are not broken', () => expect(breaks(() => undefined)).toBe(''));

  it('may be added to', () => expect(breaks(inPatientEvents('uint32 version = 2;', 'uint32 version = 2;\n  string reason = 9;'))).toBe(''));

  it.each([
    ['a field goes', inPatientEvents('  string superseded_by = 2;', ''), /Previously present field "2" with name "superseded_by"/],
    ['a number is used again', inPatientEvents('uint32 version = 2;', 'string reason = 2;'), /Field "2"/],
    ['a type changes', inPatientEvents('bool formal = 3;', 'string formal = 3;'), /Field "3"/],
    ['a message goes', inPatientEvents('message PatientInvalidated', 'message PatientErased'), /"PatientInvalidated" was deleted/],
    ['a file goes', (proto: string) => rmSync(join(proto, 'audit/v1/staff_events.proto')), /"StaffRecordLinked" was deleted/],
  ])('are broken when %s', (_, change, complaint) => expect(breaks(change)).toMatch(complaint));

  it('are those of now: `npm run contracts` takes in what was added', () => {
    expect(buf('build', '--exclude-source-info', '-o', '-#format=binpb').equals(readFileSync(join(root, 'proto/accepted.binpb')))).toBe(true);
  });
});

describe('examples', () => {
  const examples = filesBelow(join(root, 'proto'), '.json').map((file) => {
    const [name = ''] = file.split('/').at(-1)?.split('.') ?? [];
    return { file, type: `${dirname(dirname(file)).replaceAll('/', '.')}.${name}` };
  });

  it.each(examples)('$file is a $type, and says nothing that it does not have', ({ file, type }) => {
    const schema = contracts.getMessage(type);
    if (!schema) throw new Error(`there is no message ${type}`);
    const json: unknown = JSON.parse(readFileSync(join(root, 'proto', file), 'utf8'));
    expect(toJson(schema, fromJson(schema, json as Parameters<typeof fromJson>[1]))).toEqual(json);
  });

  it('are there for every message that is an event', () => {
    const messages = [...contracts].filter((one) => one.kind === 'message');
    const parts = new Set(messages.flatMap(({ fields }) => fields.map(({ message }) => message?.typeName)));
    const events = messages.map(({ typeName }) => typeName).filter((name) => !parts.has(name));
    expect(events).not.toHaveLength(0);
    const shown = examples.map(({ type }) => type);
    expect(events.filter((event) => !shown.includes(event))).toEqual([]);
  });

  it('are read by the tests of whoever consumes their topic', () => {
    const services = readdirSync(join(root, 'services')).map((name) => {
      const texts = filesBelow(join(root, 'services', name), '.ts').filter((file) => file.startsWith('src/')).map((file) => readFileSync(join(root, 'services', name, file), 'utf8'));
      return { name, text: texts.join('\n') };
    });
    const consumed = services.flatMap(({ name, text }) => [...text.matchAll(/@EventPattern\('([\w.-]+)'/g)].map(([, topic = '']) => ({ name, topic, text })));
    expect(consumed.length).toBeGreaterThanOrEqual(4);
    expect(consumed.filter(({ topic, text }) => !text.includes(`examplesOfTopic('${topic}')`)).map(({ name, topic }) => `${name} ${topic}`)).toEqual([]);
  });
});

describe('docs/events.md', () => {
  it('is the catalogue of the contracts as they are: `npm run contracts` writes it', async () => {
    const { catalogue } = await import('../catalogue.mjs');
    expect(readFileSync(join(root, 'docs/events.md'), 'utf8')).toBe(catalogue());
  });
});
