import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FsTree, type Tree } from 'nx/src/generators/tree';

const root = join(__dirname, '../../../..');

describe('nx g @carespine/workspace:service', () => {
  let tree: Tree;
  beforeAll(async () => {
    tree = new FsTree(root, false);
    const generate = jest.requireActual<(tree: Tree, options: { name: string }) => Promise<void>>('./generator.cjs');
    await generate(tree, { name: 'care-plans' });
  });

  it('writes the shape of every service', () => {
    expect(tree.listChanges().map((change) => change.path).sort()).toEqual([
      'deploy/local/services.mjs',
      'package-lock.json',
      'services/care-plans/README.md',
      'services/care-plans/migrations/.gitkeep',
      'services/care-plans/package.json',
      'services/care-plans/src/app.module.ts',
      'services/care-plans/src/config.ts',
      'services/care-plans/src/main.ts',
      'services/care-plans/src/service.int-spec.ts',
      'services/care-plans/src/service.ts',
    ]);
  });

  it('has the same files as the audit service has', () => {
    for (const file of ['main.ts', 'service.ts', 'config.ts', 'app.module.ts']) expect(readFileSync(join(root, 'services/audit/src', file), 'utf8')).toBeTruthy();
  });

  it('gives it a port of its own, before the gateway', () => {
    const table = tree.read('deploy/local/services.mjs', 'utf8') ?? '';
    const offsets = [...table.matchAll(/offset: (\d+)/g)].map((match) => match[1]);
    expect(new Set(offsets).size).toBe(offsets.length);
    expect(table.indexOf("name: 'care-plans'")).toBeLessThan(table.indexOf("name: 'gateway'"));
  });

  it('keeps the lock file, and so npm ci, in step', () => {
    const lock = JSON.parse(tree.read('package-lock.json', 'utf8') ?? '') as { packages: Record<string, unknown> };
    expect(lock.packages['services/care-plans']).toMatchObject({ name: '@carespine/care-plans-service' });
    expect(lock.packages['node_modules/@carespine/care-plans-service']).toEqual({ resolved: 'services/care-plans', link: true });
    const earlier = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: object };
    expect(Object.keys(lock.packages).filter((name) => !name.includes('care-plans'))).toEqual(Object.keys(earlier.packages));
  });

  it('makes a service without a database where nothing is kept', async () => {
    const bare = new FsTree(root, false);
    const generate = jest.requireActual<(tree: Tree, options: object) => Promise<void>>('./generator.cjs');
    await generate(bare, { name: 'care-clock', database: false, port: 99 });
    expect(bare.listChanges().some(({ path }) => path.includes('migrations'))).toBe(false);
    expect(bare.read('services/care-clock/src/config.ts', 'utf8')).toContain('extends ServiceConfig');
    expect(bare.read('deploy/local/services.mjs', 'utf8')).toContain("{ name: 'care-clock', offset: 99, main: mainOf('care-clock'), env: () => ({}) }");
    await expect(generate(new FsTree(root, false), { name: 'care-clock', port: 3 })).rejects.toThrow('offset 3 is taken');
  });

  it('compiles', async () => {
    const { transform } = await import('@swc/core');
    const swcrc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8')) as object;
    for (const { path, content } of tree.listChanges().filter((change) => change.path.endsWith('.ts'))) {
      const { code } = await transform(content?.toString() ?? '', { ...swcrc, filename: path, swcrc: false });
      expect(code).toContain('exports');
    }
  });
});
