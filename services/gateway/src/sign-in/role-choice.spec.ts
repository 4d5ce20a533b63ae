import type { Staff, StaffPosition } from '../staff/staff';
import { chosenPosition, positionOf, type Admission } from './role-choice';

const aPosition = (facts: Partial<StaffPosition> = {}): StaffPosition => ({
  id: '555000001101',
  jobRole: 'R8000',
  name: 'Clinical Practitioner Access Role',
  organisation: { odsCode: 'RZZ01', name: 'Example University Hospitals' },
  activityCodes: ['B0264'],
  workgroups: [],
  ...facts,
});
const aStaff = (positions: StaffPosition[], selectedRoleId?: string): Staff => ({
  userId: '555000000101',
  name: 'Ngozi Okafor',
  idAssurance: 3,
  positions,
  selectedRoleId,
});
const inTeams = (...workgroups: string[]): Staff => aStaff([aPosition({ workgroups })]);
const ADMISSION: Admission = { organisations: new Set(['RZZ01', 'RZZ02']) };
const elsewhere = aPosition({ id: '555000001109', organisation: { odsCode: 'RZZ09', name: 'Faraway Hospital' } });
const useless = aPosition({ id: '555000001108', activityCodes: ['B9999'] });
const second = aPosition({ id: '555000001102', organisation: { odsCode: 'RZZ02', name: 'Example Community' } });
const pick = (staff: Staff, admission = ADMISSION): string | undefined => positionOf(staff, 2, admission)?.id;

describe('identity and access: role selection', () => {
  it('one usable role: selects it', () => expect(pick(aStaff([aPosition()]))).toBe('555000001101'));
  it('a role that only a stronger sign-in opens is usable', () =>
    expect(pick(aStaff([aPosition({ activityCodes: ['B0062'] })]))).toBe('555000001101'));
  it('one usable role beside others that are not', () => expect(pick(aStaff([useless, elsewhere, second]))).toBe('555000001102'));
  it('several: uses the one that CIS2 returned', () => expect(pick(aStaff([aPosition(), second], '555000001102'))).toBe('555000001102'));
  it('several and none returned: our own chooser', () => expect(pick(aStaff([aPosition(), second]))).toBeUndefined());
  it('the returned one opens nothing: our own chooser', () => expect(pick(aStaff([aPosition(), useless], '555000001108'))).toBeUndefined());

  it.each<[string, Staff, Admission, string]>([
    ['no role', aStaff([]), ADMISSION, 'role'],
    ['no usable role', aStaff([useless]), ADMISSION, 'role'],
    ['an identity that was not proven enough for any permission', { ...aStaff([aPosition()]), idAssurance: 2 }, ADMISSION, 'role'],
    ['a selected role that is not in the list', aStaff([aPosition()], '555000009999'), ADMISSION, 'role'],
    ['organisations that are all unknown', aStaff([elsewhere]), ADMISSION, 'organisation'],
    ['a selected role of an unknown organisation', aStaff([aPosition(), elsewhere], '555000001109'), ADMISSION, 'organisation'],
    ['no team where one is required', aStaff([aPosition()]), { ...ADMISSION, workgroup: 'cancer-mdt:*' }, 'workgroup'],
    ['a team whose name begins alike', inTeams('cancer-mdt-coordinator:breast'), { ...ADMISSION, workgroup: 'cancer-mdt:*' }, 'workgroup'],
    ['the team of another site', inTeams('cancer-mdt:lung'), { ...ADMISSION, workgroup: 'cancer-mdt:breast' }, 'workgroup'],
  ])('refuses %s', (_what, staff, admission, problem) =>
    expect(() => positionOf(staff, 2, admission)).toThrow(expect.objectContaining({ problem })),
  );

  it('takes a role of the required team', () =>
    expect(pick(inTeams('cancer-mdt:lung'), { ...ADMISSION, workgroup: 'cancer-mdt:*' })).toBe('555000001101'));
});

describe('identity and access: change of role', () => {
  const staff = aStaff([aPosition(), second, useless, elsewhere]);

  it('takes another role of the user', () => expect(chosenPosition(staff, '555000001102', 2, ADMISSION)).toBe(second));

  it.each([
    ['that is not hers', '555000009999', 'role'],
    ['that opens nothing', '555000001108', 'role'],
    ['of an unknown organisation', '555000001109', 'organisation'],
  ])('refuses a role %s', (_what, id, problem) =>
    expect(() => chosenPosition(staff, id, 2, ADMISSION)).toThrow(expect.objectContaining({ problem })),
  );
});
