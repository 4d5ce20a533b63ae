import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const buf = (...args: string[]): Buffer => execFileSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root });

describe('event contracts', () => {
  it('keep to the standard rules', () => expect(() => buf('lint')).not.toThrow());

  it('are what the generated code was made from', () => {
    const out = mkdtempSync(join(tmpdir(), 'carespine-contracts-'));
    try {
      buf('generate', '--output', out);
      const generated = join('libs/contracts/src/generated');
      const files = readdirSync(join(out, generated), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
      expect(files).not.toHaveLength(0);
      for (const file of files) expect(readFileSync(join(root, generated, file), 'utf8')).toBe(readFileSync(join(out, generated, file), 'utf8'));
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
