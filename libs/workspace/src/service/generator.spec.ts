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

  it('compiles', async () => {
    const { transform } = await import('@swc/core');
    const swcrc = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8')) as object;
    for (const { path, content } of tree.listChanges().filter((change) => change.path.endsWith('.ts'))) {
      const { code } = await transform(content?.toString() ?? '', { ...swcrc, filename: path, swcrc: false });
      expect(code).toContain('exports');
    }
  });
});
