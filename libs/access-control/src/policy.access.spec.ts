import fc from 'fast-check';
import { PERMISSIONS, permissionsOfApplication, permissionsOfRole, type RoleFacts } from './policy';

const workgroupFor = (pattern: string | undefined): string[] => (pattern ? [pattern.split(' or ')[0]?.replace('*', 'breast') ?? ''] : []);

/** Everything that the row asks for, with one activity alone. */
const holding = (row: (typeof PERMISSIONS)[number], activity: string): RoleFacts => ({
  activityCodes: [activity, ...(row.andAnyActivity?.slice(0, 1) ?? [])],
  jobRole: row.requiredJobRoles?.[0] ?? 'R8000',
  workgroups: workgroupFor(row.andWorkgroup),
  aal: 3,
  idAssurance: 3,
});
const granted = (facts: RoleFacts, permission: string): boolean => permissionsOfRole(facts).granted.has(permission);

describe.each(PERMISSIONS.map((row) => [row.permission, row] as const))('%s', (permission, row) => {
  it.each(row.anyActivity.length > 0 ? row.anyActivity : ['none'])('is allowed by %s alone', (activity) =>
    expect(granted(holding(row, activity), permission)).toBe(row.anyActivity.includes(activity)),
  );

  it('is denied without any of its activities', () => expect(granted({ ...holding(row, 'B9999'), activityCodes: ['B9999'] }, permission)).toBe(false));

  it('is denied below its assurance levels, and says when a stronger sign-in would do', () => {
    const activity = row.anyActivity[0] ?? 'none';
    const weak = permissionsOfRole({ ...holding(row, activity), aal: row.minAal - 1 });
    expect(weak.granted.has(permission)).toBe(false);
    expect(weak.stepUp.has(permission)).toBe(row.anyActivity.length > 0);
    expect(granted({ ...holding(row, activity), idAssurance: row.minIdAssurance - 1 }, permission)).toBe(false);
  });

  if (row.andAnyActivity) {
    it('is denied without the second activity', () =>
      expect(granted({ ...holding(row, row.anyActivity[0] ?? ''), activityCodes: row.anyActivity.filter((code) => !row.andAnyActivity?.includes(code)) }, permission)).toBe(false));
  }
  if (row.requiredJobRoles) it('is denied to another job role', () => expect(granted({ ...holding(row, row.anyActivity[0] ?? ''), jobRole: 'R8008' }, permission)).toBe(false));
  if (row.andWorkgroup) it('is denied outside the workgroup', () => expect(granted({ ...holding(row, row.anyActivity[0] ?? ''), workgroups: ['other:x'] }, permission)).toBe(false));

  it(`is ${row.applicationRestricted ? 'allowed' : 'denied'} to an application`, () =>
    expect(permissionsOfApplication('application-restricted', {}).has(permission)).toBe(row.applicationRestricted));
});

describe('evaluation rules', () => {
  it('expands the activities that include others', () => expect(granted({ ...holding(PERMISSIONS[0]!, 'B0825'), activityCodes: ['B0825'] }, 'demographics.read')).toBe(true));

  it('lets an application update only with the attribute, and never a privileged one', () => {
    expect(permissionsOfApplication('application-restricted', { update: true }).has('demographics.update')).toBe(true);
    expect(permissionsOfApplication('privileged-application-restricted', { update: true }).has('demographics.update')).toBe(false);
  });

  it('gives no more for fewer activities, or for a weaker sign-in', () => {
    const codes = [...new Set(PERMISSIONS.flatMap((row) => [...row.anyActivity, ...(row.andAnyActivity ?? [])]))];
    fc.assert(
      fc.property(fc.subarray(codes), fc.subarray(codes), fc.integer({ min: 1, max: 3 }), (some, more, aal) => {
        const facts = { jobRole: 'R0001', workgroups: ['cancer-mdt:lung'], idAssurance: 3 };
        const fewer = permissionsOfRole({ ...facts, activityCodes: some, aal }).granted;
        const all = permissionsOfRole({ ...facts, activityCodes: [...some, ...more], aal: 3 }).granted;
        for (const permission of fewer) expect(all.has(permission)).toBe(true);
      }),
    );
  });
});
