import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { People } from './people';
import { readPeople } from './people-file';

const folder = mkdtempSync(join(tmpdir(), 'people-'));
afterAll(() => rmSync(folder, { recursive: true }));

const organisations = [{ code: 'RZZ01', name: 'Example Trust' }];
const aRole = (other: object = {}) => ({
  id: '555000001901',
  personOrgId: '555000002901',
  organisation: 'RZZ01',
  roleCode: 'S8000:G8000:R8001',
  roleName: '"Clinical":"Clinical Provision":"Nurse Access Role"',
  ...other,
});
const aPerson = (other: object = {}) => ({
  id: '555000000901',
  givenName: 'Test',
  familyName: 'Person',
  idAssuranceLevel: 3,
  roles: [aRole()],
  ...other,
});

let files = 0;
function file(content: unknown): string {
  const path = join(folder, `${(files += 1)}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('a people file', () => {
  it.each([
    ['id', { id: '12345' }, 'person 12345: id: must be 12 digits'],
    ['id missing', { id: undefined }, 'people[0]: id: must be 12 digits'],
    ['name', { familyName: '' }, 'person 555000000901: familyName: should not be empty'],
    ['level', { idAssuranceLevel: '3' }, 'person 555000000901: idAssuranceLevel: must be one of'],
    ['authenticator', { authenticators: ['AAL9'] }, 'person 555000000901: authenticators: each value in authenticators must be one of'],
    ['professional id', { professionalIds: { abc_id: '1' } }, 'person 555000000901: professionalIds.abc_id: must be a string'],
    ['unknown field', { rolls: [] }, 'person 555000000901: rolls: property rolls should not exist'],
    ['role id', { roles: [aRole({ id: 1 })] }, 'person 555000000901: roles[0].id: must be 12 digits'],
    ['role code', { roles: [aRole({ roleCode: 'R8001' })] }, 'person 555000000901: roles[0].roleCode: must look like S8000:G8000:R8000'],
    ['role name', { roles: [aRole({ roleName: 'Nurse' })] }, 'person 555000000901: roles[0].roleName: must be three quoted names'],
    ['activity', { roles: [aRole({ activityCodes: ['0264'] })] }, 'person 555000000901: roles[0].activityCodes: each of'],
    ['organisation', { roles: [aRole({ organisation: 'RXX99' })] }, 'person 555000000901: roles[0].organisation: RXX99 is not'],
    ['NHS number', { nhsNumber: '9000000008' }, 'person 555000000901: nhsNumber: is no valid NHS number'],
    ['end of a role', { roles: [aRole({ ended: '2026-02-30' })] }, 'person 555000000901: roles[0].ended: must be a day'],
    ['roles', { roles: undefined }, 'person 555000000901: roles: must be an array'],
    ['a person that is none', null, 'people[0]'],
  ])('a fault of %s is named with file, person and field', (_, fault, message) => {
    const path = file({ organisations, people: [fault && aPerson(fault)] });
    expect(() => readPeople([path])).toThrow(`${path}: ${message}`);
  });

  it('all faults are named at once', () => {
    const paths = [file({ organisations, people: [aPerson({ id: '1' })] }), file('{'), file('[]'), join(folder, 'none.json')];
    const read = () => readPeople(paths);
    for (const message of ['id: must be 12 digits', 'is not JSON', 'must be an object', 'cannot be read']) expect(read).toThrow(message);
  });

  it('ids are unique over all files', () => {
    const first = file({ organisations, people: [aPerson()] });
    const second = file({ people: [aPerson({ familyName: 'Other' })] });
    expect(() => readPeople([first, second])).toThrow(`${second}: person 555000000901: id: is already another person's`);
    const third = file({ people: [aPerson({ id: '555000000902' })] });
    const taken = 'roles[0].id: is already a role of person 555000000901';
    expect(() => readPeople([first, third])).toThrow(`${third}: person 555000000902: ${taken}`);
  });

  it('organisations may stand in another file, and again under the same name', () => {
    const people = file({ people: [aPerson()] });
    expect(readPeople([people, file({ organisations }), file({ organisations })]).people.size).toBe(1);
    const renamed = file({ organisations: [{ code: 'RZZ01', name: 'Another name' }] });
    const read = () => readPeople([people, file({ organisations }), renamed]);
    expect(read).toThrow(`${renamed}: organisation RZZ01: has another name elsewhere`);
  });
});

describe('a person', () => {
  it('with the least that is needed has no empty arrays in the claims', () => {
    const people = new People([file({ organisations, people: [aPerson()] })]);
    const [person] = people.all();
    expect(person && people.userInfo(person)).toEqual({
      sub: '555000000901',
      uid: '555000000901',
      name: 'Person Test',
      family_name: 'Person',
      given_name: 'Test',
      nhsid_useruid: '555000000901',
      initials: 'T',
      display_name: 'Person Test',
      idassurancelevel: '3',
      nhsid_nrbac_roles: [
        {
          person_orgid: '555000002901',
          person_roleid: '555000001901',
          org_code: 'RZZ01',
          role_code: 'S8000:G8000:R8001',
          role_name: '"Clinical":"Clinical Provision":"Nurse Access Role"',
        },
      ],
      nhsid_user_orgs: [{ org_code: 'RZZ01', org_name: 'Example Trust' }],
      nhsid_org_memberships: [{ person_orgid: '555000002901', org_name: 'Example Trust', org_code: 'RZZ01' }],
      nhsid_org_roles: [{ person_orgid: '555000002901', org_name: 'Example Trust', org_code: 'RZZ01' }],
    });
  });
});
