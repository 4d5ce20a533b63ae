import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStaff } from './staff-file';

const folder = mkdtempSync(join(tmpdir(), 'staff-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (people: unknown[]): string => {
  const path = join(folder, 'people.json');
  writeFileSync(path, JSON.stringify({ people }));
  return path;
};
const ROLE = { id: '555000001901', organisation: 'RZZ01', roleCode: 'S8000:G8000:R8001', roleName: '"Clinical":"Clinical Provision":"Nurse Access Role"' };
const PERSON = { id: '555000000901', title: 'Ms', givenName: 'Ann', familyName: 'Example', idAssuranceLevel: 3, roles: [ROLE] };

describe('a staff file', () => {
  it('says who works where, and who is a patient', () => {
    expect(readStaff([file([{ ...PERSON, nhsNumber: '9000000009' }])], '2026-11-24')).toEqual([
      { userId: '555000000901', nhsNumber: '9000000009', positions: [{ odsCode: 'RZZ01', name: 'Example Ann Ms', jobRole: 'R8001', jobRoleName: 'Nurse Access Role' }], ended: [] },
    ]);
  });

  it('knows a role past its last day as ended, not as a position', () => {
    const ended = (day: string) => readStaff([file([{ ...PERSON, roles: [{ ...ROLE, ended: day }] }])], '2026-11-24')[0];
    expect(ended('2026-11-23')).toMatchObject({ positions: [], ended: [{ roleProfileId: '555000001901', day: '2026-11-23' }] });
    expect(ended('2026-11-24')?.positions).toHaveLength(1);
  });

  it.each([
    ['an NHS number that is none', { nhsNumber: '9000000008' }, 'nhsNumber is no valid'],
    ['no id', { id: undefined }, 'no id'],
    ['no name', { familyName: '' }, 'no name'],
    ['a role without a code', { roles: [{ ...ROLE, roleCode: undefined }] }, 'incomplete'],
    ['an end on no day', { roles: [{ ...ROLE, ended: '2026-02-30' }] }, 'no day'],
  ])('with %s is refused, naming file and person and no NHS number', (_, fault, message) => {
    expect(() => readStaff([file([{ ...PERSON, ...fault }])], '2026-11-24')).toThrow(message);
    expect(() => readStaff([file([{ ...PERSON, ...fault }])], '2026-11-24')).not.toThrow(/9000000008/);
  });
});
