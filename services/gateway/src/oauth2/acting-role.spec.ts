import { Fault } from '@carespine/fhir';
import type { Staff, StaffPosition } from '../staff/staff';
import { positionOf } from './acting-role';

const aPosition = (id: string): StaffPosition => ({
  id,
  jobRole: 'R8000',
  name: 'Clinical Practitioner',
  organisation: { odsCode: 'RZZ01', name: 'Example' },
  activityCodes: [],
  workgroups: [],
});
const ONE = '555000001101';
const TWO = '555000001102';
const staff = (...ids: string[]): Staff => ({ userId: '555000000101', name: '', idAssurance: 3, positions: ids.map(aPosition) });
const refusal = (...call: Parameters<typeof positionOf>): Fault => {
  try {
    positionOf(...call);
  } catch (error) {
    return error as Fault;
  }
  throw new Error('not refused');
};
const PDS = 'personal-demographics-service';

describe('identity and access, role selection 7: order of resolution', () => {
  it('the header, if valid for this user', () => {
    expect(positionOf({ staff: staff(ONE, TWO), selectedRoleId: ONE }, TWO).id).toBe(TWO);
  });
  it('else selected_roleid of the ID token', () => {
    expect(positionOf({ staff: staff(ONE, TWO), selectedRoleId: TWO }).id).toBe(TWO);
  });
  it('else the only role', () => {
    expect(positionOf({ staff: staff(ONE) }).id).toBe(ONE);
  });
});

describe.each([undefined, PDS, 'summary-care-record'])('identity and access, role selection: situations at %s', (product) => {
  it('several roles, no header, no selected role: 401, diagnostics say so and name NHSD-Session-URID', () => {
    const fault = refusal({ staff: staff(ONE, TWO) }, undefined, product);
    expect(fault).toMatchObject({ code: 'ACCESS_DENIED', status: 401 });
    expect(fault.message).toMatch(/several roles.*NHSD-Session-URID/);
    expect(fault.details.headers).toEqual({ 'www-authenticate': 'Bearer' });
  });

  it.each([
    ['no role by any means', { staff: staff() }, undefined],
    ['no role but a header', { staff: staff() }, ONE],
    ['a token of nobody, with header', {}, ONE],
    ['a token of nobody, without header', {}, undefined],
    ['a selected role that is empty', { staff: staff(ONE), selectedRoleId: '' }, undefined],
    ['a selected role that is malformed', { staff: staff(ONE), selectedRoleId: 'x' }, undefined],
    ["a selected role that is not the user's", { staff: staff(ONE), selectedRoleId: TWO }, undefined],
    ['a role without an id', { staff: { ...staff(ONE), hasRoleWithoutId: true as const } }, undefined],
    ['a role without an id, and a header that is good', { staff: { ...staff(ONE), hasRoleWithoutId: true as const } }, ONE],
  ])('%s: 401', (_, grant, header) => {
    expect(refusal(grant, header, product)).toMatchObject({ code: 'ACCESS_DENIED', status: 401 });
  });
});

describe('a header that fits none of the roles', () => {
  const headers = [TWO, 'abc', '55500000110', `${ONE} `, `${ONE}, ${ONE}`, '5'.repeat(5000), 'é', '__proto__'];

  it.each(headers)('identity and access: 401 (%j)', (header) => {
    expect(refusal({ staff: staff(ONE), selectedRoleId: ONE }, header)).toMatchObject({ code: 'ACCESS_DENIED', status: 401 });
  });

  it.each(headers)('demographics: 400 INVALID_VALUE that names header and value (%j)', (header) => {
    const fault = refusal({ staff: staff(ONE), selectedRoleId: ONE }, header, PDS);
    expect(fault).toMatchObject({ code: 'INVALID_VALUE', status: 400 });
    expect(fault.message).toMatch(/^Invalid value - '[\x20-\x7e]{1,100}' in header 'NHSD-Session-URID'$/);
  });
});

describe('a blank header', () => {
  it('demographics: 400 for a user with several roles', () => {
    expect(refusal({ staff: staff(ONE, TWO), selectedRoleId: ONE }, '', PDS).message).toBe("Invalid value - '' in header 'NHSD-Session-URID'");
  });
  it('demographics: as good as none for a user with one', () => {
    expect(positionOf({ staff: staff(ONE) }, ' ', PDS).id).toBe(ONE);
  });
  it('elsewhere: as good as none', () => {
    expect(positionOf({ staff: staff(ONE, TWO), selectedRoleId: TWO }, '').id).toBe(TWO);
  });
});
