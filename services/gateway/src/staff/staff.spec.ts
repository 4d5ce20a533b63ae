import fc from 'fast-check';
import { IdentityRefused } from './identity-refused';
import { staffOf } from './staff';

/** The example of the identity and access specification. */
const EXAMPLE = {
  sub: '700000000017',
  nhsid_useruid: '700000000017',
  uid: '700000000017',
  name: 'Okafor Ngozi Dr',
  family_name: 'Okafor',
  given_name: 'Ngozi',
  title: 'Dr',
  idassurancelevel: '3',
  selected_roleid: '700000000231',
  nhsid_nrbac_roles: [
    {
      person_orgid: '700000000105',
      person_roleid: '700000000231',
      org_code: 'RZZ01',
      role_code: 'S8000:G8000:R8000',
      role_name: '"Clinical":"Clinical Provision":"Clinical Practitioner Access Role"',
      activity_codes: ['B0264', 'B0370'],
      activities: ['Access NCRS', 'View Summary Health Records'],
      workgroups: ['cancer-mdt:breast'],
      workgroups_codes: ['700000000901'],
      aow: ['"Medicine":"General Medicine":"Medical Oncology"'],
      aow_codes: ['P0010:Q0050:T0200'],
    },
    {
      person_orgid: '700000000106',
      person_roleid: '700000000232',
      org_code: 'RZZ02',
      role_code: 'S8002:G8003:R0001',
      role_name: '"Admin and Clerical":"Admin and Clerical":"Privacy Officer"',
    },
  ],
  nhsid_user_orgs: [
    { org_code: 'RZZ01', org_name: 'Example Trust' },
    { org_code: 'RZZ02', org_name: 'Example Community' },
  ],
};
const [FIRST, SECOND] = EXAMPLE.nhsid_nrbac_roles;

describe('identity and access: userinfo', () => {
  it.each([
    ['Dr Ngozi Okafor', {}],
    ['Ngozi Okafor', { title: undefined }],
    ['Okafor Ngozi Dr', { given_name: undefined }],
    ['Ngozi', { name: undefined, title: undefined, family_name: undefined }],
  ])('names people as they are spoken of: %s', (name, claims) => expect(staffOf({ ...EXAMPLE, ...claims }).name).toBe(name));

  it('reads the example; absent arrays are empty', () =>
    expect(staffOf(EXAMPLE)).toEqual({
      userId: '700000000017',
      name: 'Dr Ngozi Okafor',
      idAssurance: 3,
      selectedRoleId: '700000000231',
      positions: [
        {
          id: '700000000231',
          jobRole: 'R8000',
          name: 'Clinical Practitioner Access Role',
          organisation: { odsCode: 'RZZ01', name: 'Example Trust' },
          activityCodes: ['B0264', 'B0370'],
          workgroups: ['cancer-mdt:breast'],
        },
        {
          id: '700000000232',
          jobRole: 'R0001',
          name: 'Privacy Officer',
          organisation: { odsCode: 'RZZ02', name: 'Example Community' },
          activityCodes: [],
          workgroups: [],
        },
      ],
    }));

  it('needs no more than the user id', () =>
    expect(staffOf({ sub: '700000000017' })).toEqual({ userId: '700000000017', name: '', idAssurance: 0, positions: [] }));

  it('does not offer a role without id, and tells of it', () => {
    const staff = staffOf({ ...EXAMPLE, nhsid_nrbac_roles: [{ ...FIRST, person_roleid: undefined }, SECOND] });
    expect(staff.positions.map(({ id }) => id)).toEqual(['700000000232']);
    expect(staff.hasRoleWithoutId).toBe(true);
  });

  it('does not offer a role whose organisation is not among the user’s', () =>
    expect(staffOf({ ...EXAMPLE, nhsid_user_orgs: EXAMPLE.nhsid_user_orgs.slice(1) }).positions.map(({ id }) => id)).toEqual(['700000000232']));

  it.each([1, 2, 3, '1', '2', '3'])('takes the level %j', (level) =>
    expect(staffOf({ ...EXAMPLE, idassurancelevel: level }).idAssurance).toBe(Number(level)));

  it.each<[string, unknown]>([
    ['shape', null],
    ['shape', 'text'],
    ['shape', [EXAMPLE]],
    ['sub', {}],
    ['sub', { ...EXAMPLE, sub: 700000000017 }],
    ['sub', { ...EXAMPLE, sub: '70000000001' }],
    ['uid', { ...EXAMPLE, uid: '700000000018' }],
    ['nhsid_useruid', { ...EXAMPLE, nhsid_useruid: '' }],
    ['idassurancelevel', { ...EXAMPLE, idassurancelevel: 0 }],
    ['idassurancelevel', { ...EXAMPLE, idassurancelevel: '3 ' }],
    ['idassurancelevel', { ...EXAMPLE, idassurancelevel: null }],
    ['selected_roleid', { ...EXAMPLE, selected_roleid: '' }],
    ['name', { ...EXAMPLE, name: 'x'.repeat(301) }],
    ['nhsid_nrbac_roles', { ...EXAMPLE, nhsid_nrbac_roles: [FIRST, FIRST] }],
    ['nhsid_nrbac_roles', { ...EXAMPLE, nhsid_nrbac_roles: [{ ...FIRST, role_code: 'R8000' }] }],
    ['nhsid_nrbac_roles', { ...EXAMPLE, nhsid_nrbac_roles: [{ ...FIRST, activity_codes: Array.from({ length: 1001 }, () => 'B0264') }] }],
    ['nhsid_user_orgs', { ...EXAMPLE, nhsid_user_orgs: [{ org_code: 'rzz01; --' }] }],
  ])('refuses a hostile %s', (claim, userinfo) => expect(() => staffOf(userinfo)).toThrow(`userinfo.${claim}`));

  it('answers or refuses, and never stumbles, whatever is given', () => {
    const orWorse = (good: unknown): fc.Arbitrary<unknown> => fc.oneof(fc.constant(good), fc.anything());
    const role = fc.record(Object.fromEntries(Object.entries(FIRST ?? {}).map(([name, good]) => [name, orWorse(good)])));
    const userinfo = fc.oneof(
      fc.anything(),
      fc.record({ sub: fc.constant(EXAMPLE.sub), nhsid_nrbac_roles: fc.oneof(fc.array(role), fc.anything()), nhsid_user_orgs: fc.anything() }),
    );
    fc.assert(
      fc.property(userinfo, (given) => {
        try {
          return staffOf(given).userId === '700000000017';
        } catch (error) {
          return error instanceof IdentityRefused;
        }
      }),
    );
  });
});
