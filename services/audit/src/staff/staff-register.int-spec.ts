import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { fromBinary, StaffRecordLinkedSchema } from '@carespine/contracts';
import { Database } from '@carespine/service-kit';
import { eventually, startService, type RunningService } from '@carespine/test-kit';
import { record } from '../alerts/fixtures/desk';
import { audit } from '../service';
import { StaffRegister } from './staff-register.service';

const ROLE = { organisation: 'RZZ01', roleCode: 'S8000:G8000:R8001', roleName: '"Clinical":"Clinical Provision":"Nurse Access Role"' };
const aPerson = (last: number, rest: object = {}): object => ({ id: `55500000090${last}`, givenName: 'Ann', familyName: `Example${last}`, roles: [{ ...ROLE, id: `55500000190${last}` }], ...rest });

describe('the staff register', () => {
  const folder = mkdtempSync(join(tmpdir(), 'staff-'));
  const [file, other] = [join(folder, 'one.json'), join(folder, 'other.json')];
  const write = (path: string, ...people: object[]): void => writeFileSync(path, JSON.stringify({ people }));
  let service: RunningService;
  let log: Client;
  beforeAll(async () => {
    write(file, aPerson(1, { nhsNumber: '9000000009' }), aPerson(2));
    write(other, aPerson(3, { nhsNumber: '9000000017' }));
    service = await startService(audit, { STAFF: `${file}, ${other}` });
    log = new Client({ connectionString: service.eventLogUrl });
    await log.connect();
  });
  afterAll(async () => {
    await log.end();
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  /** Every link that was ever told, in order. */
  async function told(): Promise<[string, string][]> {
    const { rows } = await log.query<{ payload: Buffer }>("SELECT payload FROM event_log WHERE topic = 'audit.staff.v1' ORDER BY position");
    return rows.map(({ payload }) => fromBinary(StaffRecordLinkedSchema, payload)).map(({ userId, nhsNumber }) => [userId, nhsNumber]);
  }
  const members = async (): Promise<object[]> => (await service.app.get(Database).query({ text: 'SELECT user_id, ods_code, name, job_role FROM staff_members ORDER BY user_id, ods_code' })).rows;

  const rolesOf = async (userId: string): Promise<string[]> => {
    const { rows } = await service.app.get(Database).query<{ job_role: string }>({ text: 'SELECT job_role FROM staff_roles WHERE user_id = $1 ORDER BY 1', values: [userId] });
    return rows.map((row) => row.job_role);
  };

  it('tells who is a patient, once, then what changes, also what is taken back', async () => {
    const first = [
      ['555000000901', '9000000009'],
      ['555000000903', '9000000017'],
    ];
    await eventually(async () => expect((await told()).sort()).toEqual(first));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    write(file, aPerson(1, { nhsNumber: '9000000025' }), aPerson(2));
    write(other, aPerson(3));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    await eventually(async () =>
      expect((await told()).slice(2).sort()).toEqual([
        ['555000000901', '9000000025'],
        ['555000000903', ''],
      ]),
    );
  });

  it('meets others by what they do, role by role, and forgets no name', async () => {
    const at = (userId: string, jobRole: string, userName: string) => ({ agent: { userId, jobRole, jobRoleName: jobRole, userName, odsCode: 'RZZ09' } });
    await record(service, at('555000000905', 'R0001', 'Officer'), at('555000000906', 'R8001', 'Nurse'));
    await eventually(async () => expect(await members()).toHaveLength(5));
    await record(service, at('555000000905', 'R8000', 'Officer Renamed'), at('555000000906', 'R8000', ''));
    await eventually(async () =>
      expect((await members()).slice(3)).toEqual([
        { user_id: '555000000905', ods_code: 'RZZ09', name: 'Officer Renamed', job_role: 'R8000' },
        { user_id: '555000000906', ods_code: 'RZZ09', name: 'Nurse', job_role: 'R8000' },
      ]),
    );
    expect(await rolesOf('555000000905')).toEqual(['R0001', 'R8000']);
  });

  it('takes no role from a supplier’s event, and no name in place of another', async () => {
    const fed = (userId: string, userName: string) => ({ agent: { userId, jobRole: 'R0001', userName, odsCode: 'RZZ09' }, original: Buffer.from('{}') });
    await record(service, fed('555000000906', 'Mallory'), fed('555000000907', 'New Here'));
    await eventually(async () => expect(await members()).toContainEqual({ user_id: '555000000907', ods_code: 'RZZ09', name: 'New Here', job_role: '' }));
    expect(await members()).toContainEqual({ user_id: '555000000906', ods_code: 'RZZ09', name: 'Nurse', job_role: 'R8000' });
    expect([await rolesOf('555000000906'), await rolesOf('555000000907')]).toEqual([['R8000', 'R8001'], []]);
  });

  it('keeps every role of the files, and forgets those of who has left', async () => {
    const officer = { ...ROLE, id: '555000001999', roleCode: 'S8002:G8003:R0001' };
    write(file, aPerson(1, { nhsNumber: '9000000025', roles: [{ ...ROLE, id: '555000001901' }, officer] }), aPerson(2));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    expect([await rolesOf('555000000901'), await rolesOf('555000000902')]).toEqual([['R0001', 'R8001'], ['R8001']]);
    await record(service, { agent: { userId: '555000000901', jobRole: 'R0001', jobRoleName: 'R0001', userName: 'Ann Example1', odsCode: 'RZZ01' } });
    await eventually(async () => expect(await members()).toContainEqual({ user_id: '555000000901', ods_code: 'RZZ01', name: 'Ann Example1', job_role: 'R0001' }));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    expect(await members()).toContainEqual({ user_id: '555000000901', ods_code: 'RZZ01', name: 'Ann Example1', job_role: 'R0001' }); // the last acted in
    write(file, aPerson(1, { nhsNumber: '9000000025' }));
    await service.app.get(StaffRegister).onApplicationBootstrap();
    expect([await rolesOf('555000000901'), await rolesOf('555000000902')]).toEqual([['R8001'], []]);
    expect(await members()).toContainEqual({ user_id: '555000000901', ods_code: 'RZZ01', name: 'Ann Example1', job_role: 'R8001' });
  });
});
