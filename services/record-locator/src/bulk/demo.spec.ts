import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsOf } from '../permissions/permission';
import type { DocumentReference } from '../pointers/document-reference';
import { checkedPointer } from '../validation/checked-pointer';

const read = (file: string): string => readFileSync(join(__dirname, '../../../../deploy/demo', file), 'utf8');

describe('The data of the demo', () => {
  it('are pointers that the API would take', () => {
    const lines = read('pointers.ndjson').trim().split('\n');
    expect(lines.length).toBeGreaterThan(24);
    for (const line of lines) {
      const pointer = JSON.parse(line) as DocumentReference;
      expect(() => checkedPointer(pointer, pointer.custodian.identifier.value ?? '', true)).not.toThrow();
    }
  });

  it('are permissions that can be granted', () => {
    const { permissions } = JSON.parse(read('pointer-permissions.json')) as { permissions: unknown[] };
    expect(permissions.flatMap(permissionsOf)).not.toHaveLength(0);
  });
});
